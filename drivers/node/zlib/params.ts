import type { DeflaterParams } from '../../../protocol/index.ts';

/** zlib's smallest window for raw deflate. */
const MIN_WINDOW_BITS = 9;

/**
 * The parameters as zlib's raw deflate takes them.
 *
 * It has no window of 2^8 bytes and takes 8 for 9. That keeps the promise all the same: zlib never refers further back
 * than its window less 262 bytes (MAX_DIST in deflate.h), which is 250 for 2^9. A test holds it to that.
 */
export function zlibParams(params: DeflaterParams): { windowBits: number; level?: number; memLevel?: number } {
  return {
    windowBits: Math.max(params.windowBits, MIN_WINDOW_BITS),
    level: params.level,
    memLevel: params.memLevel,
  };
}
