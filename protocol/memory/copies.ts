/** Copies of up to this many bytes share a block; each keeps a whole block alive. */
const SHARED_UP_TO = 2 * 1024;
const BLOCK_SIZE = 8 * 1024;

/** Copies of lent bytes, to keep. Small ones share their memory with others, at most 8 KiB of it. */
export class Copies {
  readonly #allocate: (size: number) => Uint8Array;
  #block: Uint8Array;
  #used: number;

  constructor(allocate: (size: number) => Uint8Array) {
    this.#allocate = allocate;
    this.#block = new Uint8Array(0);
    this.#used = 0;
  }

  copyOf(bytes: Uint8Array): Uint8Array {
    const length = bytes.length;
    if (length > SHARED_UP_TO) {
      return copyInto(this.#allocate, bytes);
    }
    if (this.#used + length > this.#block.length) {
      this.#block = this.#allocate(BLOCK_SIZE);
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

/** Writes these chunks, one after the other, to the beginning of `target`, and returns it. */
export function joinBytes(chunks: readonly Uint8Array[], target: Uint8Array): Uint8Array {
  let at = 0;
  for (const chunk of chunks) {
    target.set(chunk, at);
    at += chunk.length;
  }
  return target;
}
