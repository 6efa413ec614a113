/** Copies of up to this many bytes share a block; each keeps a whole block alive. */
const SHARED_UP_TO = 2 * 1024;
const BLOCK_SIZE = 8 * 1024;

/** Copies of lent bytes, to keep. Small ones share their memory with others, at most 8 KiB of it. */
export class Copies {
  readonly #allocate: (size: number) => Uint8Array;
  readonly #allocateBlock: (size: number) => Uint8Array;
  #block: Uint8Array;
  #used: number;

  /** `allocateBlock` makes what is shared, where that is another kind of memory. */
  constructor(allocate: (size: number) => Uint8Array, allocateBlock = allocate) {
    this.#allocate = allocate;
    this.#allocateBlock = allocateBlock;
    this.#block = new Uint8Array(0);
    this.#used = 0;
  }

  copyOf(bytes: Uint8Array): Uint8Array {
    const length = bytes.length;
    if (length > SHARED_UP_TO) {
      return copyInto(this.#allocate, bytes);
    }
    if (this.#used + length > this.#block.length) {
      this.#block = this.#allocateBlock(BLOCK_SIZE);
      this.#used = 0;
    }
    const at = this.#used;
    // The next one begins on a word, as typed arrays over it would want.
    this.#used = (at + length + 7) & ~7;
    this.#block.set(bytes, at);
    return this.#block.subarray(at, at + length);
  }
}

/** A copy of bytes in memory of their own. */
export function copyInto(allocate: (size: number) => Uint8Array, bytes: Uint8Array): Uint8Array {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

/** How many bytes these chunks have. */
export function sizeOf(chunks: readonly Uint8Array[]): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}

/** Writes these chunks, one after the other, to `target` from `at` on, and returns it. */
export function joinBytes(
  chunks: readonly Uint8Array[],
  target: Uint8Array = new Uint8Array(sizeOf(chunks)),
  at = 0,
): Uint8Array {
  for (const chunk of chunks) {
    target.set(chunk, at);
    at += chunk.length;
  }
  return target;
}

/**
 * Memory for `needed` bytes that begins with the first `used` of these: theirs where there is room, and otherwise at least
 * twice as much and `least`, so that a dribble takes linear time, but never more than `most`.
 */
export function withRoom(bytes: Uint8Array, used: number, needed: number, least = 0, most = Infinity): Uint8Array {
  if (needed <= bytes.length) return bytes;
  const grown = new Uint8Array(Math.min(Math.max(needed, 2 * bytes.length, least), most));
  grown.set(bytes.subarray(0, used));
  return grown;
}
