import { type OptionKind, withMethods } from '../option-check.ts';

/**
 * DEFLATE (RFC 1951), as permessage-deflate needs it: raw, synchronous, injected.
 *
 * A codec belongs to many connections; a `Deflater` and an `Inflater` are one connection's. They need not hold a
 * compressor of their own: a codec may lend one from a pool at each call, as long as what comes out is right.
 */
export interface DeflateCodec {
  /** Cheap: the context behind it is best made at the first call of `deflate`. */
  createDeflater(params: DeflaterParams): Deflater;
  /** Cheap likewise. */
  createInflater(params: InflaterParams): Inflater;
  /**
   * Deflates `bytes` elsewhere, without holding up the caller, in a context of its own: nothing in the output refers to
   * anything before it. `done` is called later, exactly once, with output as `Deflater.deflate` gives it (but the
   * caller's to keep), or with undefined when that failed. `bytes` must not change until then. Left out by a codec that
   * cannot.
   */
  deflateLater?(bytes: Uint8Array, params: DeflaterParams, done: (deflated: Uint8Array | undefined) => void): void;
}

/** What an option may be that is one. */
export const CODEC: OptionKind = withMethods('a DeflateCodec', 'createDeflater', 'createInflater');

/** What a deflater is made for. */
export interface DeflaterParams {
  /**
   * The base-2 logarithm of the window, 8 to 15: the output refers to nothing further back than 2^windowBits bytes
   * (RFC 7692 §7.1.2). Eight included, which zlib's raw deflate does not offer by that number.
   */
  readonly windowBits: number;
  /** Whether messages may refer to earlier ones. Without it there is a `reset` after every message. */
  readonly contextTakeover: boolean;
  /** 0 (store) to 9 (smallest); undefined leaves it to the codec. */
  readonly level: number | undefined;
  /** 1 to 9, zlib's measure of working memory; undefined leaves it to the codec. */
  readonly memLevel: number | undefined;
}

/** What an inflater is made for. */
export interface InflaterParams {
  /** The base-2 logarithm of the window, 8 to 15: what the peer has promised not to look back beyond. */
  readonly windowBits: number;
  /** Whether messages may refer to earlier ones. Without it there is a `reset` after every message. */
  readonly contextTakeover: boolean;
}

/** One direction of one connection: what it sends. */
export interface Deflater {
  /**
   * Deflates `bytes`, at least one, and flushes: the output ends on a byte boundary with an empty stored block, so its
   * last four bytes are 00 00 ff ff (RFC 7692 §7.2.1). No block in it has BFINAL set. It may refer back to what earlier
   * calls were given since the last `reset`, or not. The output is lent, until the codec is called again for anyone.
   */
  deflate(bytes: Uint8Array): Uint8Array;
  /** Forgets what was given so far: no context takeover. */
  reset(): void;
  /** Frees everything. The last call. */
  release(): void;
}

/** One direction of one connection: what it receives. */
export interface Inflater {
  /**
   * Inflates the next bytes of a message; `fin` says that they are its last, so that 00 00 ff ff is to follow them
   * (RFC 7692 §7.2.2). Returns what has come out, at most `maxLength` bytes: lent, until the codec is called again for
   * anyone. A codec that cannot stop within a message may hold all output back until `fin`.
   *
   * Returns 1009 as soon as there is more output than `maxLength`, having made little more; 1007 when the data is not
   * DEFLATE, refers back beyond the window or, with `fin`, stops short of the end of a block. After either, only
   * `release` may be called.
   *
   * A block with BFINAL set ends nothing: the blocks after it go on with the same window (§7.2.3.4, §7.2.3.5).
   */
  inflate(bytes: Uint8Array, fin: boolean, maxLength: number): Uint8Array | InflateFault;
  /** The codec's own error behind the last 1007, where it has one. */
  readonly error?: unknown;
  /** Between messages: forgets the window, for a peer without context takeover. */
  reset(): void;
  /** Gives up what can be made again: nothing may come for a while. The window stays. */
  idle?(): void;
  /** Frees everything. The last call. */
  release(): void;
}

/** Why a message could not be inflated, as a close code: invalid data, or too much of it (RFC 6455 §7.4.1). */
export type InflateFault = 1007 | 1009;
