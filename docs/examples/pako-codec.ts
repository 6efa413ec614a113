/**
 * permessage-deflate where there is no node:zlib: a codec on pako, zlib in plain JavaScript, for browsers, workers and
 * other runtimes. The tests hold it to the same suite as the codec on node:zlib.
 *
 *   import { Connection } from 'sansocket/protocol';
 *   import { pakoCodec } from './pako-codec.ts';
 *   Connection.server({ compress: true, codec: pakoCodec, … });
 */
import type { DeflateCodec, Deflater, DeflaterParams, Inflater, InflaterParams } from 'sansocket/protocol';
import {
  Z_BUF_ERROR,
  Z_DEFAULT_STRATEGY,
  Z_OK,
  Z_STREAM_END,
  Z_SYNC_FLUSH,
  ZStream,
  zlibDeflate,
  zlibDeflateInit2,
  zlibDeflateReset,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
  zlibInflateResetKeep,
} from 'pako';

export const pakoCodec: DeflateCodec = {
  createDeflater: (params) => new PakoDeflater(params),
  createInflater: (params) => new PakoInflater(params),
};

const CHUNK_LENGTH = 16 * 1024;
/** zlib's number for the only method there is, and what it takes when it is not told. */
const Z_DEFLATED = 8;
const DEFAULT_LEVEL = 6;
const DEFAULT_MEM_LEVEL = 8;

/** What every message is to be followed by before it is inflated (RFC 7692 §7.2.2). */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);
const NOTHING = new Uint8Array(0);

class PakoDeflater implements Deflater {
  private readonly params: DeflaterParams;
  /** Made when first needed. */
  private stream: ZStream | undefined;

  constructor(params: DeflaterParams) {
    this.params = params;
    this.stream = undefined;
  }

  deflate(bytes: Uint8Array): Uint8Array {
    const stream = (this.stream ??= startDeflate(this.params));
    const chunks: Uint8Array[] = [];
    give(stream, bytes);
    do {
      makeRoom(stream, CHUNK_LENGTH);
      zlibDeflate(stream, Z_SYNC_FLUSH);
      chunks.push(stream.output.subarray(0, stream.next_out));
    } while (stream.avail_out === 0);
    forget(stream);
    return concat(chunks);
  }

  reset(): void {
    if (this.stream !== undefined) zlibDeflateReset(this.stream);
  }

  release(): void {
    this.stream = undefined;
  }
}

class PakoInflater implements Inflater {
  private readonly windowBits: number;
  /** The most output for one step: the shorter it is, the less a peer can look back beyond the window it promised. */
  private readonly step: number;
  private stream: ZStream | undefined;
  /** Whether the last byte so far ended a block with BFINAL set. */
  private atStreamEnd: boolean;

  constructor(params: InflaterParams) {
    this.windowBits = params.windowBits;
    this.step = Math.min(CHUNK_LENGTH, 1 << (params.windowBits - 1));
    this.stream = undefined;
    this.atStreamEnd = false;
  }

  inflate(bytes: Uint8Array, fin: boolean, maxLength: number): Uint8Array | 1007 | 1009 {
    const stream = (this.stream ??= startInflate(this.windowBits));
    const chunks: Uint8Array[] = [];
    let room = Math.floor(maxLength);
    give(stream, bytes);
    do {
      // Room for one byte too many, or a message of the greatest length would look like a longer one.
      makeRoom(stream, Math.min(this.step, room + 1));
      if (!this.run(stream)) return 1007;
      room -= stream.next_out;
      if (room < 0) return 1009;
      chunks.push(stream.output.subarray(0, stream.next_out));
    } while (stream.avail_out === 0 || stream.avail_in > 0);
    if (fin && !this.endMessage(stream)) return 1007;
    forget(stream);
    return concat(chunks);
  }

  reset(): void {
    if (this.stream !== undefined) zlibInflateReset(this.stream);
  }

  release(): void {
    this.stream = undefined;
  }

  /** Inflates as much as there is, or there is room for, up to the next block with BFINAL set. */
  private run(stream: ZStream): boolean {
    const fed = stream.avail_in;
    const result = zlibInflate(stream, Z_SYNC_FLUSH);
    if (stream.avail_in < fed) this.atStreamEnd = false;
    // The stream is over for zlib, but not for the peer: the next block refers to the same window (§7.2.3.4).
    if (result === Z_STREAM_END) {
      this.atStreamEnd = true;
      return zlibInflateResetKeep(stream) === Z_OK;
    }
    return result === Z_OK || result === Z_BUF_ERROR;
  }

  /** Whether the message stops where one may: 00 00 ff ff then ends a block, on a byte boundary, and gives no output. */
  private endMessage(stream: ZStream): boolean {
    if (this.atStreamEnd) {
      this.atStreamEnd = false;
      return true;
    }
    give(stream, TAIL);
    makeRoom(stream, 1);
    if (!this.run(stream) || stream.avail_in > 0 || stream.avail_out === 0) return false;
    // zlib.h, inflate(): 128 for "before a block header"; the lower bits count the bits of the last byte not yet used.
    const atBoundary = this.atStreamEnd || (stream.data_type & 0xbf) === 128;
    this.atStreamEnd = false;
    return atBoundary;
  }
}

function startDeflate({ windowBits, level = DEFAULT_LEVEL, memLevel = DEFAULT_MEM_LEVEL }: DeflaterParams): ZStream {
  const stream = new ZStream();
  // Negative for raw DEFLATE. Where 8 is agreed on, 9 does: zlib refers to no more than 2^9 less 262 bytes back.
  zlibDeflateInit2(stream, level, Z_DEFLATED, -Math.max(windowBits, 9), memLevel, Z_DEFAULT_STRATEGY);
  return stream;
}

function startInflate(windowBits: number): ZStream {
  const stream = new ZStream();
  zlibInflateInit2(stream, -windowBits);
  return stream;
}

function give(stream: ZStream, input: Uint8Array): void {
  stream.input = input;
  stream.next_in = 0;
  stream.avail_in = input.length;
}

function makeRoom(stream: ZStream, length: number): void {
  stream.output = new Uint8Array(length);
  stream.next_out = 0;
  stream.avail_out = length;
}

/** Keeps neither the caller's bytes alive nor its own. */
function forget(stream: ZStream): void {
  give(stream, NOTHING);
  makeRoom(stream, 0);
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
