import type { DeflateCodec } from '../../protocol/index.ts';
import { handlesWork } from './zlib-codec-handle.ts';
import { OneShotCodec } from './zlib-codec-oneshot.ts';
import { PooledCodec } from './zlib-codec-pooled.ts';

/** How much the codec on node:zlib holds, for all connections that it serves together. */
export interface ZlibCodecOptions {
  /**
   * The most compressors, and the most decompressors. A connection that loses its own to another one goes on with an
   * empty compressor, and gives its next decompressor the window that it has kept. Default 256.
   */
  maxContexts?: number;
  /** Keeps to the public API of node:zlib, which is several times slower. Default: only where nothing else works. */
  publicApiOnly?: boolean;
}

const DEFAULT_MAX_CONTEXTS = 256;

/** Makes a codec on node:zlib. Throws a RangeError for a limit below one. */
export function createZlibCodec(options: ZlibCodecOptions = {}): DeflateCodec {
  const { maxContexts = DEFAULT_MAX_CONTEXTS, publicApiOnly = false } = options;
  if (!(maxContexts >= 1)) throw new RangeError('maxContexts must be at least 1');
  return !publicApiOnly && handlesWork() ? new PooledCodec(maxContexts) : new OneShotCodec();
}

let shared: DeflateCodec | undefined;

/** The codec of everything in this process that has not been given another. Made when first asked for. */
export function zlibCodec(): DeflateCodec {
  return (shared ??= createZlibCodec());
}
