import { AsyncResource } from 'node:async_hooks';
import * as zlib from 'node:zlib';
import type { DeflateCodec, Deflater, DeflaterParams, Inflater, InflaterParams } from '../../../protocol/index.ts';
import { works as handlesWork } from '../internals/zlib-handle.ts';
import { OneShotCodec } from './oneshot-codec.ts';
import { zlibParams } from './params.ts';
import { PooledCodec } from './pooled-codec.ts';
import { nextTick } from '../clock.ts';

/** How much the codec on node:zlib holds, for all connections that it serves together. */
export interface ZlibCodecOptions {
  /**
   * The most compressors, and the most decompressors. A connection that loses its own to another one goes on with an
   * empty compressor, and gives its next decompressor the window that it has kept. Default 256.
   */
  maxContexts?: number | undefined;
  /** Keeps to the public API of node:zlib, which is several times slower. Default: only where nothing else works. */
  publicApiOnly?: boolean | undefined;
}

const DEFAULT_MAX_CONTEXTS = 256;

/** Off the thread, output comes in chunks of this size. */
const CHUNK_LENGTH = 64 * 1024;

/** How many messages are deflated off the thread at a time: libuv's threads, as a rule. Each takes a context of 268 KiB. */
const MOST_AT_ONCE = 4;

/** Makes a codec on node:zlib. Throws a RangeError for a limit below one. */
export function createZlibCodec(options: ZlibCodecOptions = {}): DeflateCodec {
  const { maxContexts = DEFAULT_MAX_CONTEXTS, publicApiOnly = false } = options;
  if (!(maxContexts >= 1)) throw new RangeError('maxContexts must be at least 1');
  return new ZlibCodec(!publicApiOnly && handlesWork() ? new PooledCodec(maxContexts) : new OneShotCodec());
}

let shared: DeflateCodec | undefined;

/** The codec of everything in this process that has not been given another. Made when first asked for. */
export function zlibCodec(): DeflateCodec {
  return (shared ??= createZlibCodec());
}

/** The synchronous part, and zlib's thread pool. */
class ZlibCodec implements DeflateCodec {
  private readonly codec: DeflateCodec;
  /** What is to be deflated off the thread when there is room. */
  private readonly waiting: Later[];
  private underWay: number;

  constructor(codec: DeflateCodec) {
    this.codec = codec;
    this.waiting = [];
    this.underWay = 0;
  }

  createDeflater(params: DeflaterParams): Deflater {
    return this.codec.createDeflater(params);
  }

  createInflater(params: InflaterParams): Inflater {
    return this.codec.createInflater(params);
  }

  deflateLater(bytes: Uint8Array, params: DeflaterParams, done: (deflated: Uint8Array | undefined) => void): void {
    this.waiting.push({ bytes, params, done });
    this.startLater();
  }

  private startLater(): void {
    while (this.underWay < MOST_AT_ONCE && this.waiting.length > 0) {
      const { bytes, params, done } = this.waiting.shift()!;
      this.underWay++;
      // At the root of the asynchronous context: what is started here may be another connection's.
      root.runInAsyncScope(deflateRaw, undefined, bytes, params, (deflated: Uint8Array | undefined) => {
        this.underWay--;
        this.startLater();
        done(deflated);
      });
    }
  }
}

const root = new AsyncResource('sansocket.deflate');

function deflateRaw(bytes: Uint8Array, params: DeflaterParams, done: Later['done']): void {
  const options = { ...zlibParams(params), chunkSize: CHUNK_LENGTH, finishFlush: zlib.constants.Z_SYNC_FLUSH };
  try {
    zlib.deflateRaw(bytes, options, (error, deflated) => {
      // Copied where it is a small part of a chunk.
      done(error !== null ? undefined : deflated.length < CHUNK_LENGTH ? new Uint8Array(deflated) : deflated);
    });
  } catch {
    nextTick(() => done(undefined)); // no memory for a context
  }
}

/** A message to be deflated off the thread. */
interface Later {
  readonly bytes: Uint8Array;
  readonly params: DeflaterParams;
  readonly done: (deflated: Uint8Array | undefined) => void;
}
