/** Where memory comes from. */
export interface MemorySource {
  /** Memory of just `size` bytes, to be given away, whatever is in it. */
  allocate(size: number): Uint8Array;
  /** Memory for a while, of at least `size` bytes, whatever is in it. */
  lend(size: number): Uint8Array;
  /** Nobody uses this block any more. */
  giveBack(block: Uint8Array): void;
}

/** How many blocks are kept at most, and how many bytes in them. */
const MOST_BLOCKS = 8;
const MOST_BYTES = 2 * 1024 * 1024;

/** How many larger blocks are kept until the garbage collector wants them. */
const MOST_LARGE = 4;

/** Blocks below this size are made as quickly as they are kept. */
const SMALLEST = 1024;

/**
 * Memory that is used again: for bytes that are held back, for messages that come in several chunks, for long payloads
 * on their way out. Fresh memory is dear once it is large, since the kernel has to map and clear every page of it.
 */
export class BlockPool implements MemorySource {
  readonly allocate: (size: number) => Uint8Array;
  /** The spare ones, those that were given back last at the end. */
  readonly #spare: Uint8Array[];
  /** Larger ones. */
  readonly #large: WeakRef<Uint8Array>[];
  /** The blocks that output lies in, by the chunk that was handed out. */
  readonly #outputs: WeakMap<Uint8Array, Uint8Array>;

  constructor(allocate: (size: number) => Uint8Array) {
    this.allocate = allocate;
    this.#spare = [];
    this.#large = [];
    this.#outputs = new WeakMap();
  }

  lend(size: number): Uint8Array {
    const spare = this.#spare;
    let best = -1;
    for (let i = spare.length - 1; i >= 0; i--) {
      if (spare[i].length >= size && (best < 0 || spare[i].length < spare[best].length)) best = i;
    }
    if (best < 0) return this.#lendLarge(size) ?? this.allocate(size);
    return spare.splice(best, 1)[0];
  }

  #lendLarge(size: number): Uint8Array | undefined {
    for (let i = this.#large.length - 1; i >= 0; i--) {
      const block = this.#large[i].deref();
      if (block === undefined || block.length >= size) this.#large.splice(i, 1);
      if (block !== undefined && block.length >= size) return block;
    }
    return undefined;
  }

  giveBack(block: Uint8Array): void {
    if (block.length < SMALLEST) return;
    if (block.length > MOST_BYTES) {
      this.#large.push(new WeakRef(block));
      if (this.#large.length > MOST_LARGE) this.#large.shift();
      return;
    }
    this.#spare.push(block);
    let bytes = 0;
    for (const one of this.#spare) bytes += one.length;
    while (this.#spare.length > MOST_BLOCKS || bytes > MOST_BYTES) bytes -= this.#spare.shift()!.length;
  }

  /** Memory of just `size` bytes for output, which `reclaim` takes back once it was written. */
  lendOutput(size: number): Uint8Array {
    const block = this.lend(size);
    const chunk = block.length === size ? block : block.subarray(0, size);
    this.#outputs.set(chunk, block);
    return chunk;
  }

  /** A chunk of output was written, and nobody holds it. It may be anybody's. */
  reclaim(chunk: Uint8Array): void {
    const block = this.#outputs.get(chunk);
    if (block === undefined) return;
    this.#outputs.delete(chunk);
    this.giveBack(block);
  }
}
