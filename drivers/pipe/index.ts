export type { Cut } from './cut.ts';
export { Link, LinkDirection } from './link.ts';
export type { LinkInit } from './link.ts';
export { LinkEnd, PipeError } from './link-end.ts';
export type { Fault, LaneOptions, LinkOptions } from './options.ts';
export { SeededRandom } from './random.ts';
export type { Trace, TraceEntry, TraceEvent } from './trace.ts';
export { VirtualClock } from './virtual-clock.ts';
export type { VirtualClockOptions } from './virtual-clock.ts';
