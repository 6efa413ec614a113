import { resolveLimit } from '../limits.ts';
import { always, BOOLEAN, checkOptions, LIMIT, NUMBER, type OptionTable } from '../option-check.ts';

/**
 * How messages are compressed (RFC 7692). The four `server…` and `client…` options are the extension's parameters and
 * mean the same in both roles. A client asks for them in its offer, and what came of that is in `extensions`: a server that
 * does not grant them is gone on with. A server asks for the client's in its answer, and keeps its own, in words only where
 * the client has offered them.
 */
export interface CompressOptions {
  /**
   * The server compresses each message by itself. Default false. Tornado 6.2 to 6.5 and Mojolicious 9.31 do not echo it, so
   * that `extensions` shows it where both sides mean it.
   */
  serverNoContextTakeover?: boolean | undefined;
  /**
   * The client compresses each message by itself. Default false. Clients of Tornado 6.2 to 6.5 and of Mojolicious 9.31 ignore it
   * and break at the second message: leave it alone where such connect.
   */
  clientNoContextTakeover?: boolean | undefined;
  /**
   * The server's window is at most 2^this bytes, 8 to 15. Default: up to 15 where the peer is the server, as it likes;
   * where it is this side, 13 (15 without context takeover), which needs no agreement and is not announced. With 8, most peers in
   * Python (zlib's inflater takes no such window) end at the first message: 9 is the least that all take.
   */
  serverMaxWindowBits?: number | undefined;
  /** The client's window likewise. A server can ask for it only where the client says that it can be asked. */
  clientMaxWindowBits?: number | undefined;
  /**
   * Messages shorter than this, in bytes, are sent as they are; zero or `false` compresses all. Default 512. A message sent in fragments is always
   * compressed, since its length is not known when it begins.
   */
  threshold?: number | false | undefined;
  /** zlib's level, 0 to 9. Default: the codec's (6 in zlib). */
  level?: number | undefined;
  /** zlib's memory level, 1 to 9. Default: the codec's. */
  memLevel?: number | undefined;
  /**
   * This side compresses each message by itself, with a compressor that all connections share: the least memory and
   * time, a lower ratio. It is this side's `…NoContextTakeover`, whichever side that is. Default false.
   */
  shared?: boolean | undefined;
  /**
   * Messages of at least this many bytes are deflated off the thread, where the codec can, and keep their place among the
   * messages before and after them: those wait, and count as buffered. Such a message is compressed by itself, and the
   * one after it too. Messages sent in fragments are not meant. Zero or false, the default, deflates all on the spot.
   */
  asyncAbove?: number | false | undefined;
}

/** What each of them may be. */
export const COMPRESS_OPTIONS: OptionTable<CompressOptions> = {
  serverNoContextTakeover: BOOLEAN,
  clientNoContextTakeover: BOOLEAN,
  serverMaxWindowBits: NUMBER,
  clientMaxWindowBits: NUMBER,
  threshold: LIMIT,
  level: always(NUMBER),
  memLevel: always(NUMBER),
  shared: BOOLEAN,
  asyncAbove: LIMIT,
};

/** The same, checked, with every default filled in but those that are the codec's. */
export interface ResolvedCompressOptions {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number;
  readonly clientMaxWindowBits: number;
  /** The window that this side is to compress with, if there was a word on it. */
  readonly windowBits: number | undefined;
  readonly threshold: number;
  readonly level: number | undefined;
  readonly memLevel: number | undefined;
  /** `Infinity` for never. */
  readonly asyncAbove: number;
}

/** RFC 7692 §7.1.2. */
export const MIN_WINDOW_BITS = 8;
export const MAX_WINDOW_BITS = 15;

const DEFAULT_THRESHOLD = 512;

/** Checks the options of one role and fills in the defaults. Throws a TypeError or RangeError. */
export function resolveCompressOptions(given: CompressOptions, isServer: boolean): ResolvedCompressOptions {
  const options = checkOptions('compress', COMPRESS_OPTIONS, given);
  const shared = options.shared === true;
  return {
    serverNoContextTakeover: options.serverNoContextTakeover === true || (shared && isServer),
    clientNoContextTakeover: options.clientNoContextTakeover === true || (shared && !isServer),
    serverMaxWindowBits: maxWindowBits('serverMaxWindowBits', options.serverMaxWindowBits),
    clientMaxWindowBits: maxWindowBits('clientMaxWindowBits', options.clientMaxWindowBits),
    windowBits: isServer ? options.serverMaxWindowBits : options.clientMaxWindowBits,
    threshold:
      options.threshold === undefined
        ? DEFAULT_THRESHOLD
        : size('threshold', options.threshold === false ? 0 : options.threshold),
    level: options.level === undefined ? undefined : integer('level', options.level, 0, 9),
    memLevel: options.memLevel === undefined ? undefined : integer('memLevel', options.memLevel, 1, 9),
    asyncAbove: resolveLimit('asyncAbove', options.asyncAbove, Infinity),
  };
}

function maxWindowBits(name: string, value: number | undefined): number {
  return value === undefined ? MAX_WINDOW_BITS : integer(name, value, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
}

function integer(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}`);
  }
  return value;
}

function size(name: string, value: number): number {
  if (!(value >= 0)) throw new RangeError(`${name} must not be negative or NaN`);
  return value;
}
