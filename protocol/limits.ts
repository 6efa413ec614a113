import { LIMIT, type OptionTable } from './option-check.ts';

/**
 * The limits and deadlines of a connection, with their defaults. Sizes are bytes, times are milliseconds; zero or
 * `false` turns a limit off.
 */
export interface LimitOptions {
  /** The largest message that is received, in bytes of payload after inflating. Default 16 MiB. */
  maxMessageSize?: number | false | undefined;
  /** The most fragments that a received message may come in. Default 1,048,576. */
  maxFragments?: number | false | undefined;
  /**
   * How much of what it has received a connection deals with before it lets others go on (`Connection.wantsTurn`): the bytes
   * that compressed messages inflate to, and 512 for each frame. A message is never divided, but where it is streamed.
   * Default 4 MiB.
   */
  turnBudget?: number | false | undefined;
  /**
   * What is sent goes out in frames of at most this many bytes of payload, a longer message in fragments (RFC 6455 §5.4):
   * for gateways that take no longer frames. Default: no limit.
   */
  maxFrameSize?: number | false | undefined;
  /** How long the opening handshake may take altogether. Default 10 s. */
  handshakeTimeout?: number | false | undefined;
  /** How long the closing handshake may take, the end of the transport included. Default 10 s. */
  closeTimeout?: number | false | undefined;
  /** A ping is sent when nothing was received for this long. Default 20 s. */
  pingInterval?: number | false | undefined;
  /** The connection is lost when nothing is received for this long after that ping. Default 20 s. */
  pongTimeout?: number | false | undefined;
}

/** What each of them may be. */
export const LIMIT_OPTIONS: OptionTable<LimitOptions> = {
  maxMessageSize: LIMIT,
  maxFragments: LIMIT,
  turnBudget: LIMIT,
  maxFrameSize: LIMIT,
  handshakeTimeout: LIMIT,
  closeTimeout: LIMIT,
  pingInterval: LIMIT,
  pongTimeout: LIMIT,
};

/** The same, resolved: `Infinity` stands for no limit. */
export interface Limits {
  /** Bytes of the largest message that is received, after inflating. */
  readonly maxMessageSize: number;
  /** The most fragments of one. */
  readonly maxFragments: number;
  /** Bytes that a connection deals with before it lets others go on. */
  readonly turnBudget: number;
  /** Bytes of the longest frame that is sent. */
  readonly maxFrameSize: number;
  /** Milliseconds for the whole opening handshake. */
  readonly handshakeTimeout: number;
  /** Milliseconds for the closing handshake and the end of the transport. */
  readonly closeTimeout: number;
  /** Milliseconds of silence after which a ping is sent. */
  readonly pingInterval: number;
  /** Milliseconds after it in which something must come. */
  readonly pongTimeout: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;

/** What holds where nothing else is said. */
export const DEFAULT_LIMITS: Limits = {
  maxMessageSize: 16 * MIB,
  maxFragments: MIB,
  turnBudget: 4 * MIB,
  maxFrameSize: Infinity,
  handshakeTimeout: 10 * SECOND,
  closeTimeout: 10 * SECOND,
  pingInterval: 20 * SECOND,
  pongTimeout: 20 * SECOND,
};

/** What resolved limits have for a prototype, and nothing else has: an object of somebody's own may lack a limit, and there would be none. */
const RESOLVED: object = Object.freeze(Object.create(null));

/** Whether these are limits that `resolveLimits` has made. */
export function areResolved(limits: Limits | undefined): limits is Limits {
  return limits !== undefined && Object.getPrototypeOf(limits) === RESOLVED;
}

/** Fills in the defaults. Throws a RangeError or TypeError for what is not a limit. */
export function resolveLimits(options: LimitOptions & { limits?: Limits | undefined }): Limits {
  if (areResolved(options.limits)) return options.limits;
  return Object.assign(Object.create(RESOLVED) as object, {
    maxMessageSize: resolveLimit('maxMessageSize', options.maxMessageSize, DEFAULT_LIMITS.maxMessageSize),
    maxFragments: resolveLimit('maxFragments', options.maxFragments, DEFAULT_LIMITS.maxFragments),
    turnBudget: resolveLimit('turnBudget', options.turnBudget, DEFAULT_LIMITS.turnBudget),
    maxFrameSize: resolveLimit('maxFrameSize', options.maxFrameSize, DEFAULT_LIMITS.maxFrameSize),
    handshakeTimeout: resolveLimit('handshakeTimeout', options.handshakeTimeout, DEFAULT_LIMITS.handshakeTimeout),
    closeTimeout: resolveLimit('closeTimeout', options.closeTimeout, DEFAULT_LIMITS.closeTimeout),
    pingInterval: resolveLimit('pingInterval', options.pingInterval, DEFAULT_LIMITS.pingInterval),
    pongTimeout: resolveLimit('pongTimeout', options.pongTimeout, DEFAULT_LIMITS.pongTimeout),
  });
}

/** One limit: its default when undefined, `Infinity` when zero, `false` or `Infinity`. */
export function resolveLimit(name: string, value: number | false | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (value === false || value === 0) return Infinity;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number or false`);
  if (!(value > 0)) throw new RangeError(`${name} must not be negative or NaN`);
  return value;
}
