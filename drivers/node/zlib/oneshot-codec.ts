import { Buffer, constants as limits } from 'node:buffer';
import * as zlib from 'node:zlib';
import type {
  DeflateCodec,
  Deflater,
  DeflaterParams,
  InflateFault,
  Inflater,
  InflaterParams,
} from '../../../protocol/index.ts';
import { SlidingWindow, withRoom } from '../../../protocol/internal.ts';
import { zlibParams } from './params.ts';

const { Z_FINISH, Z_SYNC_FLUSH } = zlib.constants;

/**
 * What follows a message here: 00 00 ff ff (RFC 7692 §7.2.2) and an empty stored block with BFINAL set, so that zlib
 * itself tells whether the message stopped where one may.
 */
const END = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff);

const TAIL_LENGTH = 4;

/** Compressed bytes that may be held, beyond twice the longest message. */
const HELD_BACK = 64 * 1024;
const NOTHING = new Uint8Array(0);

/** As in zlib-codec-pooled.ts. */
const FINAL_BLOCKS = 64;
const BYTES_PER_FINAL_BLOCK = 64;

/**
 * The codec on nothing but the public one-shot calls of node:zlib: several times slower, for a Node whose handles are
 * not what zlib-codec-handle.ts knows. Context takeover is a dictionary, each call makes and frees a context, and messages
 * are inflated twice, for want of a way to stop before the tail.
 *
 * It cannot stop within a message, so the output comes with the last part.
 */
export class OneShotCodec implements DeflateCodec {
  createDeflater(params: DeflaterParams): Deflater {
    return new OneShotDeflater(params);
  }

  createInflater(params: InflaterParams): Inflater {
    return new OneShotInflater(params);
  }
}

class OneShotDeflater implements Deflater {
  private readonly params: DeflaterParams;
  private readonly window: SlidingWindow;

  constructor(params: DeflaterParams) {
    this.params = params;
    this.window = new SlidingWindow(params.windowBits);
  }

  deflate(bytes: Uint8Array): Uint8Array {
    const deflated = zlib.deflateRawSync(bytes, {
      ...zlibParams(this.params),
      dictionary: dictionaryOf(this.window),
      finishFlush: Z_SYNC_FLUSH,
    });
    this.window.append(bytes);
    return deflated;
  }

  reset(): void {
    this.window.clear();
  }

  release(): void {
    this.window.clear();
  }
}

class OneShotInflater implements Inflater {
  /** What zlib had to say against the message that could not be inflated. */
  error: unknown;
  private readonly windowBits: number;
  private readonly window: SlidingWindow;
  /** The message so far: the first `length` bytes of `message`. */
  private message: Uint8Array;
  private length: number;

  constructor(params: InflaterParams) {
    this.error = undefined;
    this.windowBits = params.windowBits;
    this.window = new SlidingWindow(params.windowBits);
    this.message = NOTHING;
    this.length = 0;
  }

  inflate(bytes: Uint8Array, fin: boolean, maxLength: number): Uint8Array | InflateFault {
    // Far more than any compressor makes of a message that is not too long.
    if (this.length + bytes.length > 2 * maxLength + HELD_BACK) return 1009;
    this.append(bytes);
    if (!fin) return new Uint8Array(0);
    const { length } = this;
    this.append(END);
    const inflated = this.inflateMessage(this.message.subarray(0, this.length), length, Math.floor(maxLength));
    this.message = NOTHING;
    this.length = 0;
    return inflated;
  }

  reset(): void {
    this.window.clear();
  }

  release(): void {
    this.message = NOTHING;
    this.window.clear();
  }

  private append(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    this.message = withRoom(this.message, this.length, length, length + END.length);
    this.message.set(bytes, this.length);
    this.length = length;
  }

  /** `message`: `length` bytes of it, and END. */
  private inflateMessage(message: Uint8Array, length: number, maxLength: number): Uint8Array | InflateFault {
    let finalBlocks = FINAL_BLOCKS + length / BYTES_PER_FINAL_BLOCK;
    const chunks: Uint8Array[] = [];
    let room = maxLength;
    let start = 0;
    do {
      const dictionary = dictionaryOf(this.window);
      const result = this.inflateStream(message.subarray(start), dictionary, room, Z_FINISH);
      if (typeof result === 'number') return result;
      // The tail gives nothing: what comes out of it is of a block that was cut short, and that it happens to end.
      const goesOn = start + result.taken > length;
      if (goesOn && !this.comesTo(result.output.length, message.subarray(start, length), dictionary)) return 1007;
      this.window.append(result.output);
      chunks.push(result.output);
      room -= result.output.length;
      start += result.taken;
      if (start < length && --finalBlocks < 0) return 1007;
      // A block with BFINAL set within the message: what comes after it goes on with the same window (§7.2.3.4). At
      // its very end, without the empty block that should follow, it is as good as that block.
    } while (start < length);
    // It may end at the end of the message, of the tail or of END: not in between, in a block that was cut short.
    if (start !== length && start !== length + TAIL_LENGTH && start !== message.length) return 1007;
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  }

  /** Whether so many bytes come out of these, with nothing behind them. */
  private comesTo(outputLength: number, bytes: Uint8Array, dictionary: Uint8Array | undefined): boolean {
    const bare = this.inflateStream(bytes, dictionary, outputLength, Z_SYNC_FLUSH);
    return typeof bare !== 'number' && bare.output.length === outputLength;
  }

  /** Up to and including the next block with BFINAL set, or all there is. */
  private inflateStream(
    bytes: Uint8Array,
    dictionary: Uint8Array | undefined,
    maxLength: number,
    finishFlush: number,
  ): { output: Uint8Array; taken: number } | InflateFault {
    try {
      const { buffer, engine } = zlib.inflateRawSync(bytes, {
        windowBits: this.windowBits,
        dictionary,
        // As in zlib-codec-pooled.ts: the shorter a step, the less a peer can look back beyond its window.
        chunkSize: 1 << (this.windowBits === 15 ? 16 : this.windowBits - 1),
        finishFlush,
        // Node wants at least one; what goes beyond is seen below.
        maxOutputLength: Math.min(Math.max(maxLength, 1), limits.MAX_LENGTH),
        info: true,
      }) as unknown as { buffer: Uint8Array; engine: zlib.Zlib };
      return buffer.length > maxLength ? 1009 : { output: buffer, taken: engine.bytesWritten };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return 1009;
      this.error = error;
      return 1007;
    }
  }
}

function dictionaryOf(window: SlidingWindow): Uint8Array | undefined {
  if (window.length === 0) return undefined;
  const dictionary = new Uint8Array(window.length);
  window.copyTo(dictionary, 0);
  return dictionary;
}
