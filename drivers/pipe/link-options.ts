import { always, NUMBER, OBJECT, type OptionKind, type OptionTable } from '../../protocol/internal.ts';
import { checkCut, type Cut } from './cut.ts';

/** What goes wrong with one direction of a connection, and when. */
export interface Fault {
  /** After so many bytes have been delivered in this direction. */
  readonly after: number;
  /**
   * - `'reset'`: the connection is reset, for both ends; what was on its way, either way, is dropped.
   * - `'end'`: the receiver is told that the sender has ended (a FIN); nothing more arrives in this direction.
   * - `'stall'`: nothing more arrives until `unstall`.
   * - `'refuse'`: nothing more arrives in this direction, and the sender's next write fails (EPIPE); what comes the other way
   *   can be read all the same.
   * - `'lose'`: nothing more arrives at all, and neither end is told: a cable was cut.
   */
  readonly kind: 'reset' | 'end' | 'stall' | 'refuse' | 'lose';
}

/** How one direction of a connection carries bytes. The order of bytes is always kept. */
export interface OneWayOptions {
  /** How long bytes are on their way, in milliseconds; a pair is a range to draw from. Default 1. */
  latency?: number | readonly [min: number, max: number] | undefined;
  /** How the stream is cut into reads. Default 'whole'. */
  cut?: Cut | undefined;
  /** Bytes a second. Default Infinity. */
  bandwidth?: number | undefined;
  /**
   * How many bytes the network holds, on their way or waiting for a paused receiver; what exceeds it stays in the
   * sender's `bufferedAmount`. Default 64 KiB.
   */
  window?: number | undefined;
  /**
   * How likely a packet gets lost, from 0 up to but not including 1. It is sent again, and all behind it waits: first
   * for 200 ms, then for twice as long each time. Default 0.
   */
  loss?: number | undefined;
  /** What goes wrong. Default: nothing. */
  fault?: Fault | undefined;
}

/** How a connection carries bytes, both ways. */
export interface LinkOptions extends OneWayOptions {
  /** What is different from the client to the server. */
  toServer?: OneWayOptions | undefined;
  /** What is different from the server to the client. */
  toClient?: OneWayOptions | undefined;
}

/** What is seen more closely where it is used. */
const ANY: OptionKind = { expected: 'anything', fits: () => true };

/** An object of options, with a table of its own. */
export function tableOf<T extends object>(table: OptionTable<T>): OptionKind {
  return { ...OBJECT, table: table as OptionTable<object> };
}

const FAULT_OPTIONS: OptionTable<Fault> = { after: NUMBER, kind: ANY };

const ONE_WAY_OPTIONS: OptionTable<OneWayOptions> = {
  latency: ANY,
  cut: ANY,
  bandwidth: NUMBER,
  window: always(NUMBER),
  loss: NUMBER,
  fault: tableOf(FAULT_OPTIONS),
};

export const LINK_OPTIONS: OptionTable<LinkOptions> = {
  ...ONE_WAY_OPTIONS,
  toServer: tableOf(ONE_WAY_OPTIONS),
  toClient: tableOf(ONE_WAY_OPTIONS),
};

/** The options of one direction, checked and with their defaults. */
export interface OneWaySettings {
  readonly latency: readonly [min: number, max: number];
  readonly cut: Cut;
  readonly bandwidth: number;
  readonly window: number;
  readonly loss: number;
  readonly fault: Fault | undefined;
}

export type Direction = 'toServer' | 'toClient';

/**
 * The settings of one direction; what later options say goes before what earlier ones do.
 * Throws a TypeError or RangeError for what makes no sense.
 */
export function oneWaySettings(direction: Direction, ...from: readonly (LinkOptions | undefined)[]): OneWaySettings {
  const all: OneWayOptions = {};
  for (const options of from) {
    if (options === undefined) continue;
    assignDefined(all, options);
    assignDefined(all, options[direction]);
  }
  return {
    latency: checkLatency(all.latency ?? 1),
    cut: checkCut(all.cut ?? 'whole'),
    bandwidth: checkRange('bandwidth', all.bandwidth ?? Infinity, 1e-3, Infinity),
    window: checkBytes('window', all.window ?? 65536, 1),
    loss: checkRange('loss', all.loss ?? 0, 0, 1 - Number.EPSILON),
    fault: checkFault(all.fault),
  };
}

/** Throws a TypeError or RangeError for options that make no sense. */
export function checkLinkOptions(options: LinkOptions | undefined): void {
  oneWaySettings('toServer', options);
  oneWaySettings('toClient', options);
}

/** Checks a fault, if there is one. Throws a TypeError or RangeError. */
export function checkFault(fault: Fault | undefined): Fault | undefined {
  if (fault === undefined) return undefined;
  if (typeof fault !== 'object' || fault === null) throw new TypeError('a fault must be an object');
  checkBytes('fault.after', fault.after, 0);
  if (!FAULTS.has(fault.kind)) {
    throw new TypeError(`unknown kind of fault: ${String(fault.kind)}; there are ${[...FAULTS].join(', ')}`);
  }
  return { after: fault.after, kind: fault.kind };
}

const FAULTS: ReadonlySet<string> = new Set<Fault['kind']>(['reset', 'end', 'stall', 'refuse', 'lose']);

function checkLatency(latency: number | readonly [number, number]): readonly [number, number] {
  const [min, max] = Array.isArray(latency) ? (latency as readonly [number, number]) : [latency, latency];
  if (typeof min !== 'number' || typeof max !== 'number') {
    throw new TypeError('latency must be a number of milliseconds, or [min, max]');
  }
  checkRange('latency', min, 0, Number.MAX_SAFE_INTEGER);
  if (!(max >= min)) throw new RangeError(`latency is [min, max]: ${max} must not be less than ${min}`);
  checkRange('latency', max, min, Number.MAX_SAFE_INTEGER);
  return [min, max];
}

/** A number of bytes, which may be Infinity. */
function checkBytes(name: string, value: number, min: number): number {
  checkRange(name, value, min, Infinity);
  if (value !== Infinity && !Number.isInteger(value)) throw new RangeError(`${name} must be a whole number`);
  return value;
}

function checkRange(name: string, value: number, min: number, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!(value >= min && value <= max)) throw new RangeError(`${name} must be from ${min} to ${max}`);
  return value;
}

function assignDefined(target: OneWayOptions, source: OneWayOptions | undefined): void {
  if (source === undefined) return;
  target.latency = source.latency ?? target.latency;
  target.cut = source.cut ?? target.cut;
  target.bandwidth = source.bandwidth ?? target.bandwidth;
  target.window = source.window ?? target.window;
  target.loss = source.loss ?? target.loss;
  target.fault = source.fault ?? target.fault;
}
