import type { Cut } from './cut.ts';

/** What goes wrong with one direction of a connection, and when. */
export interface Fault {
  /** After so many bytes have been delivered in this direction. */
  readonly after: number;
  /**
   * - `'reset'`: the connection is reset, for both ends; what was on its way, either way, is dropped.
   * - `'end'`: the receiver is told that the sender has ended (a FIN); nothing more arrives in this direction.
   * - `'stall'`: nothing more arrives until `unstall`.
   * - `'lose'`: nothing more arrives at all, and neither end is told: a cable was cut.
   */
  readonly kind: 'reset' | 'end' | 'stall' | 'lose';
}

/** How one direction of a connection carries bytes. The order of bytes is always kept. */
export interface LaneOptions {
  /** How long bytes are on their way, in milliseconds; a pair is a range to draw from. Default 1. */
  latency?: number | readonly [min: number, max: number];
  /** How the stream is cut into reads. Default 'whole'. */
  cut?: Cut;
  /** Bytes a second. Default Infinity. */
  bandwidth?: number;
  /**
   * How many bytes the network holds, on their way or waiting for a paused receiver; what exceeds it stays in the
   * sender's `bufferedAmount`. Default 64 KiB.
   */
  window?: number;
  /**
   * How likely a packet gets lost, from 0 up to but not including 1. It is sent again, and all behind it waits: first
   * for 200 ms, then for twice as long each time. Default 0.
   */
  loss?: number;
  /** What goes wrong. Default: nothing. */
  fault?: Fault;
}

/** How a connection carries bytes, both ways. */
export interface LinkOptions extends LaneOptions {
  /** What is different from the client to the server. */
  toServer?: LaneOptions;
  /** What is different from the server to the client. */
  toClient?: LaneOptions;
}

/** The options of one direction, later ones first; the defaults are the lane's. */
export function laneOptions(direction: 'toServer' | 'toClient', ...from: (LinkOptions | undefined)[]): LaneOptions {
  const result: LaneOptions = {};
  for (const options of from) {
    if (options === undefined) continue;
    assignDefined(result, options);
    if (options[direction] !== undefined) assignDefined(result, options[direction]);
  }
  return result;
}

function assignDefined(target: LaneOptions, source: LaneOptions): void {
  if (source.latency !== undefined) target.latency = source.latency;
  if (source.cut !== undefined) target.cut = source.cut;
  if (source.bandwidth !== undefined) target.bandwidth = source.bandwidth;
  if (source.window !== undefined) target.window = source.window;
  if (source.loss !== undefined) target.loss = source.loss;
  if (source.fault !== undefined) target.fault = source.fault;
}

/** Checks one numeric option. Throws a TypeError or RangeError. */
export function checkRange(name: string, value: number, min: number, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!(value >= min && value <= max)) throw new RangeError(`${name} must be from ${min} to ${max}`);
  return value;
}

/** Checks a number of bytes, which may be Infinity. Throws a TypeError or RangeError. */
export function checkBytes(name: string, value: number, min: number): number {
  checkRange(name, value, min, Infinity);
  if (value !== Infinity && !Number.isInteger(value)) throw new RangeError(`${name} must be a whole number`);
  return value;
}

export function checkLatency(latency: number | readonly [number, number]): readonly [number, number] {
  const [min, max] = typeof latency === 'object' ? latency : [latency, latency];
  checkRange('latency', min, 0, Number.MAX_SAFE_INTEGER);
  checkRange('latency', max, min, Number.MAX_SAFE_INTEGER);
  return [min, max];
}

export function checkFault(fault: Fault | undefined): Fault | undefined {
  if (fault === undefined) return undefined;
  if (typeof fault !== 'object' || fault === null) throw new TypeError('a fault must be an object');
  checkBytes('fault.after', fault.after, 0);
  if (!FAULTS.has(fault.kind)) throw new TypeError(`unknown kind of fault: ${String(fault.kind)}`);
  return { after: fault.after, kind: fault.kind };
}

const FAULTS: ReadonlySet<string> = new Set<Fault['kind']>(['reset', 'end', 'stall', 'lose']);
