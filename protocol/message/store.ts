/** The first piece's memory is at least this many bytes, so that a dribble does not grow it byte by byte. */
const SMALLEST = 64;
/** Below this many bytes a loop beats making a view to copy from. */
const COPY_BYTEWISE_BELOW = 32;

/**
 * The bytes of a message that comes in several chunks, in one piece of memory that grows with them: at most twice what
 * has come (or 64 bytes), whatever length was announced.
 */
export class Store {
  /** The memory; the first `size` bytes are the message's. */
  bytes: Uint8Array;
  size: number;

  readonly #allocate: (size: number) => Uint8Array;

  constructor(allocate: (size: number) => Uint8Array) {
    this.#allocate = allocate;
    this.bytes = EMPTY;
    this.size = 0;
  }

  /** Copies `source[start, end)`; `rest` is how many bytes can come from here on, these included. */
  append(source: Uint8Array, start: number, end: number, rest: number): void {
    const length = end - start;
    const needed = this.size + length;
    if (needed > this.bytes.length) this.#grow(Math.min(Math.max(2 * needed, SMALLEST), this.size + rest));
    if (length < COPY_BYTEWISE_BELOW) {
      for (let i = 0; i < length; i++) this.bytes[this.size + i] = source[start + i];
    } else {
      this.bytes.set(source.subarray(start, end), this.size);
    }
    this.size = needed;
  }

  /** The message, in memory of exactly its size. The store is spent. */
  take(): Uint8Array {
    if (this.size === this.bytes.length) return this.bytes;
    const exact = this.#allocate(this.size);
    exact.set(this.bytes.subarray(0, this.size));
    return exact;
  }

  #grow(capacity: number): void {
    const grown = this.#allocate(capacity);
    if (this.size > 0) grown.set(this.size === this.bytes.length ? this.bytes : this.bytes.subarray(0, this.size));
    this.bytes = grown;
  }
}

const EMPTY = new Uint8Array(0);
