import * as zlib from 'node:zlib';
import type {
  DeflateCodec,
  Deflater,
  DeflaterParams,
  InflateFault,
  Inflater,
  InflaterParams,
} from '../../../protocol/index.ts';
import { joinBytes, SlidingWindow } from '../../../protocol/internal.ts';
import type { Context, Holder } from './context-pool.ts';
import { ZlibHandle } from '../internals/zlib-handle.ts';
import { ContextPool } from './context-pool.ts';
import { zlibParams } from './params.ts';

const { Z_BLOCK, Z_MIN_CHUNK, Z_SYNC_FLUSH } = zlib.constants;

const SCRATCH_LENGTH = 64 * 1024;

/** What follows every message (RFC 7692 §7.2.2), and one byte that zlib is to leave alone. */
const TAIL_AND_SENTINEL = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0xff);

/** A stored block's header: BFINAL and BTYPE zero, LEN, NLEN (RFC 1951 §3.2.4). */
const STORED_HEADER_LENGTH = 5;
const MAX_WINDOW_BITS = 15;
const MAX_WINDOW = 1 << MAX_WINDOW_BITS;

/**
 * How many blocks with BFINAL set a part may have, whatever its length, and how many bytes buy one more. Each costs a
 * few microseconds, and takes the peer two bytes: as many as it pleases would be a way to burn our time.
 */
const FINAL_BLOCKS = 64;
const BYTES_PER_FINAL_BLOCK = 64;

/**
 * The codec on persistent, synchronous zlib handles.
 *
 * A deflater that loses its context to another connection goes on with an empty one, which the peer need not know: its
 * next message refers to nothing before it. An inflater cannot choose, so it keeps the window itself, as plain bytes,
 * and feeds it to whatever context it is lent. That window is all that a quiet connection holds.
 */
export class PooledCodec implements DeflateCodec {
  readonly deflaters: ContextPool;
  readonly inflaters: ContextPool;
  /** Where output lands, and from where it is lent until the next call: two, so that one can be the other's input. */
  readonly deflated: Uint8Array;
  readonly inflated: Uint8Array;
  /** Where an inflater's window is made into a stored block, and where the output of that block goes. */
  readonly stored: Uint8Array;
  readonly discarded: Uint8Array;

  constructor(maxContexts: number) {
    this.deflaters = new ContextPool(maxContexts);
    this.inflaters = new ContextPool(maxContexts);
    this.deflated = new Uint8Array(SCRATCH_LENGTH);
    this.inflated = new Uint8Array(SCRATCH_LENGTH);
    this.stored = new Uint8Array(STORED_HEADER_LENGTH + MAX_WINDOW);
    this.discarded = new Uint8Array(MAX_WINDOW);
  }

  createDeflater(params: DeflaterParams): Deflater {
    return new PooledDeflater(this, params);
  }

  createInflater(params: InflaterParams): Inflater {
    return new PooledInflater(this, params);
  }
}

class PooledDeflater implements Deflater, Holder {
  context: Context | undefined;
  /** Every call ends with a flush: the context can be taken away between any two. */
  readonly busy: boolean;
  private readonly codec: PooledCodec;
  private readonly key: number;
  private readonly create: () => ZlibHandle;

  constructor(codec: PooledCodec, params: DeflaterParams) {
    const { windowBits, level, memLevel } = params;
    this.context = undefined;
    this.busy = false;
    this.codec = codec;
    this.key = windowBits + 16 * (level ?? 10) + 256 * (memLevel ?? 0);
    this.create = () => new ZlibHandle(() => zlib.createDeflateRaw({ ...zlibParams(params), chunkSize: Z_MIN_CHUNK }));
  }

  deflate(bytes: Uint8Array): Uint8Array {
    const { deflaters, deflated: scratch } = this.codec;
    const { handle } = this.context ?? deflaters.lend(this, this.key, this.create);
    const chunks: Uint8Array[] = [];
    let at = 0;
    let start = 0;
    do {
      if (at === scratch.length) chunks.push(scratch.slice());
      const ok = handle.write(Z_SYNC_FLUSH, bytes, start, bytes.length - start, scratch, 0, scratch.length);
      if (!ok) throw new Error('zlib cannot deflate');
      at = scratch.length - handle.room;
      start = bytes.length - handle.rest;
    } while (at === scratch.length);
    return join(chunks, scratch, at);
  }

  reset(): void {
    this.codec.deflaters.takeBack(this);
  }

  release(): void {
    this.codec.deflaters.takeBack(this);
  }
}

class PooledInflater implements Inflater, Holder {
  context: Context | undefined;
  /** In the middle of a message, the context may be in the middle of a block. */
  busy: boolean;
  /** What zlib had to say against the message that could not be inflated. */
  error: unknown;
  private readonly codec: PooledCodec;
  private readonly contextTakeover: boolean;
  private readonly key: number;
  private readonly create: () => ZlibHandle;
  private readonly window: SlidingWindow;
  /**
   * The most output for one step. zlib looks back into the window and into the step's own output, so the shorter the
   * step, the less a peer can look back beyond the window that it has promised. Not that it could do harm.
   */
  private readonly step: number;

  constructor(codec: PooledCodec, params: InflaterParams) {
    const { windowBits, contextTakeover } = params;
    this.context = undefined;
    this.busy = false;
    this.error = undefined;
    this.codec = codec;
    this.contextTakeover = contextTakeover;
    this.key = windowBits;
    this.create = () => new ZlibHandle(() => zlib.createInflateRaw({ windowBits, chunkSize: Z_MIN_CHUNK }));
    this.window = new SlidingWindow(windowBits);
    this.step = windowBits === MAX_WINDOW_BITS ? SCRATCH_LENGTH : 1 << (windowBits - 1);
  }

  inflate(bytes: Uint8Array, fin: boolean, maxLength: number): Uint8Array | InflateFault {
    const output = new Output(this.codec.inflated, maxLength, this.window);
    const ok = this.feed(bytes, output) && (!fin || this.endMessage(output));
    this.busy = !fin;
    if (!ok) {
      this.error = this.context?.handle.error;
      this.reset();
      return output.isFull ? 1009 : 1007;
    }
    if (!fin || this.contextTakeover) output.remember();
    return output.take();
  }

  reset(): void {
    this.busy = false;
    this.window.clear();
    this.codec.inflaters.takeBack(this);
  }

  idle(): void {
    if (!this.busy) this.codec.inflaters.takeBack(this);
  }

  release(): void {
    this.reset();
  }

  /** Returns false when it cannot go on: the data is invalid, or the output is full. */
  private feed(bytes: Uint8Array, output: Output): boolean {
    let finalBlocks = FINAL_BLOCKS + bytes.length / BYTES_PER_FINAL_BLOCK;
    let start = 0;
    let handle = this.handle();
    for (;;) {
      const room = output.room(this.step);
      const ok = handle.write(Z_SYNC_FLUSH, bytes, start, bytes.length - start, output.scratch, output.at, room);
      if (!ok) return false;
      start = bytes.length - handle.rest;
      output.at += room - handle.room;
      if (output.isFull) return false;
      if (handle.room === 0) continue;
      if (handle.rest === 0) return true;
      // Room for output, and input left over: zlib has seen a block with BFINAL set.
      if (--finalBlocks < 0) return false;
      this.endStream(output);
      handle = this.handle();
    }
  }

  /** Feeds 00 00 ff ff. Returns whether that led to the end of a block, and to nothing else. */
  private endMessage(output: Output): boolean {
    const handle = this.handle();
    const room = output.room(this.step);
    if (!handle.write(Z_BLOCK, TAIL_AND_SENTINEL, 0, TAIL_AND_SENTINEL.length, output.scratch, output.at, room)) {
      return false;
    }
    // Nothing was taken: a block with BFINAL set was the last thing in the message, without the empty block after it
    // that §7.2.3.4 asks for. There is only one way to read that too.
    const ended = handle.rest === TAIL_AND_SENTINEL.length;
    if (ended) this.endStream(output);
    return ended || (handle.rest === 1 && handle.room === room);
  }

  /** After a block with BFINAL set the stream is over for zlib, but not for the peer: the window goes on (§7.2.3.4). */
  private endStream(output: Output): void {
    output.remember();
    this.codec.inflaters.takeBack(this);
  }

  private handle(): ZlibHandle {
    if (this.context !== undefined) return this.context.handle;
    const { handle } = this.codec.inflaters.lend(this, this.key, this.create);
    if (this.window.length > 0) this.prime(handle);
    return handle;
  }

  /** Gives a context this inflater's window: as a stored block, whose output goes nowhere. */
  private prime(handle: ZlibHandle): void {
    const { stored, discarded } = this.codec;
    const { length } = this.window;
    stored[1] = length;
    stored[2] = length >> 8;
    stored[3] = ~length;
    stored[4] = ~length >> 8;
    this.window.copyTo(stored, STORED_HEADER_LENGTH);
    handle.write(Z_SYNC_FLUSH, stored, 0, STORED_HEADER_LENGTH + length, discarded, 0, MAX_WINDOW);
  }
}

/** What comes out of one part of a message. */
class Output {
  readonly scratch: Uint8Array;
  /** Where in the scratch the next byte goes. */
  at: number;
  private readonly maxLength: number;
  private readonly window: SlidingWindow;
  private readonly chunks: Uint8Array[];
  /** The bytes in them. */
  private length: number;
  /** How much of the scratch the window has seen; it has seen all of the chunks. */
  private remembered: number;

  constructor(scratch: Uint8Array, maxLength: number, window: SlidingWindow) {
    this.scratch = scratch;
    this.at = 0;
    this.maxLength = Math.floor(maxLength);
    this.window = window;
    this.chunks = [];
    this.length = 0;
    this.remembered = 0;
  }

  /** Whether there is more than may be. */
  get isFull(): boolean {
    return this.length + this.at > this.maxLength;
  }

  /** How many bytes may be written at `at`: at least one, at most `step`, at most one more than the message may have. */
  room(step: number): number {
    if (this.at === this.scratch.length) {
      this.remember();
      this.chunks.push(this.scratch.slice());
      this.length += this.at;
      this.at = 0;
      this.remembered = 0;
    }
    return Math.min(this.scratch.length - this.at, step, this.maxLength + 1 - this.length - this.at);
  }

  /** Shows the window what it has not seen yet. */
  remember(): void {
    this.window.append(this.scratch.subarray(this.remembered, this.at));
    this.remembered = this.at;
  }

  /** All of it. */
  take(): Uint8Array {
    return join(this.chunks, this.scratch, this.at);
  }
}

/** The chunks, and after them the scratch up to `at`: as it lies there when that is all. */
function join(chunks: readonly Uint8Array[], scratch: Uint8Array, at: number): Uint8Array {
  if (chunks.length === 0) return scratch.subarray(0, at);
  return joinBytes([...chunks, scratch.subarray(0, at)]);
}
