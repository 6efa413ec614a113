/** The in-memory network: the same API as `sansocket`, without sockets, and with a virtual clock. */
export { NetworkDriver } from './network.ts';
export type { Cut } from './cut.ts';
export { Link, type LinkDirection, type LinkInit } from './link.ts';
export { PipeError, type PipeErrorCode, type TransportEnd } from './link-end.ts';
export type {
  Fault,
  LaneOptions,
  LinkOptions,
  NetworkOptions,
  PipeClientOptions,
  PipeServerOptions,
} from './options.ts';
export { SeededRandom } from './random.ts';
export type { Trace, TraceEntry, TraceEvent } from './trace.ts';
export { VirtualClock } from './virtual-clock.ts';
export type { VirtualClockOptions } from './virtual-clock.ts';
