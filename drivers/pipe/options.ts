import type { CompressOptions, DeflateCodec } from '../../protocol/index.ts';
import type { ClientOptions, ServerOptions } from '../handlers.ts';
import { checkCut } from './cut.ts';
import type { Cut } from './cut.ts';
import type { Link } from './link.ts';
import type { Trace } from './trace.ts';

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

/** What a network takes. */
export interface NetworkOptions extends LinkOptions {
  /** What every choice comes from that the network makes, and every masking key. Default 1. */
  seed?: number;
  /** Nothing moves outside of `advance` and `settle`. Default false: bytes on their way arrive by themselves. */
  manual?: boolean;
  /** DEFLATE, for those who want to `compress`. Default: none, as the language has none. */
  codec?: DeflateCodec;
  /** Is told what happens on every connection, as it happens. */
  trace?: Trace;
}

/** What `connect` and `open` take. */
export interface PipeClientOptions extends ClientOptions {
  /** permessage-deflate (RFC 7692): whether to offer it, and how. Needs a network with a codec. Default: not. */
  compress?: boolean | CompressOptions;
  /** How this connection carries bytes, where that differs from the network and from the server's options. */
  link?: LinkOptions;
  /** The address that the server sees. Default 'client'. */
  localAddress?: string;
  /** Is given the connection's link when the server is about to accept it: to disturb it, then or later. */
  onLink?(link: Link): void;
}

/** What `serve` and `listen` take. */
export interface PipeServerOptions extends ServerOptions {
  /** The name that leads here. Default: any. */
  host?: string;
  /** Default 80; 0 finds a free one. A wss: URL without a port leads to 443; no TLS is spoken. */
  port?: number;
  /** permessage-deflate (RFC 7692): whether to accept it, and how. Needs a network with a codec. Default: not. */
  compress?: boolean | CompressOptions;
  /** How connections to here carry bytes, where that differs from the network. */
  link?: LinkOptions;
}

/** The options of one direction, checked and with their defaults. */
export interface LaneSettings {
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
export function laneSettings(direction: Direction, ...from: readonly (LinkOptions | undefined)[]): LaneSettings {
  const all: LaneOptions = {};
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
  laneSettings('toServer', options);
  laneSettings('toClient', options);
}

/** Checks a fault, if there is one. Throws a TypeError or RangeError. */
export function checkFault(fault: Fault | undefined): Fault | undefined {
  if (fault === undefined) return undefined;
  if (typeof fault !== 'object' || fault === null) throw new TypeError('a fault must be an object');
  checkBytes('fault.after', fault.after, 0);
  if (!FAULTS.has(fault.kind)) throw new TypeError(`unknown kind of fault: ${String(fault.kind)}`);
  return { after: fault.after, kind: fault.kind };
}

const FAULTS: ReadonlySet<string> = new Set<Fault['kind']>(['reset', 'end', 'stall', 'lose']);

function checkLatency(latency: number | readonly [number, number]): readonly [number, number] {
  const [min, max] = typeof latency === 'object' ? latency : [latency, latency];
  checkRange('latency', min, 0, Number.MAX_SAFE_INTEGER);
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

function assignDefined(target: LaneOptions, source: LaneOptions | undefined): void {
  if (source === undefined) return;
  target.latency = source.latency ?? target.latency;
  target.cut = source.cut ?? target.cut;
  target.bandwidth = source.bandwidth ?? target.bandwidth;
  target.window = source.window ?? target.window;
  target.loss = source.loss ?? target.loss;
  target.fault = source.fault ?? target.fault;
}
