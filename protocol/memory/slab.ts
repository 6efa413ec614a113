/**
 * Memory that small frames are written to, one outbox after the other.
 *
 * Who may write: the one whose `reserve` was the last, from the offset that it returned to the end of what it asked for, and
 * until anyone's next `reserve`. What was handed out (`lend`) is never written again before its `reclaim`.
 */
export class Slab {
  readonly #size: number;
  #bytes: Uint8Array;
  /** The memory that was given, which is come back to when everything in it was reclaimed. */
  readonly #home: Uint8Array;
  /** The buffers of both: asking a view for its buffer is a slow call. */
  readonly #homeBuffer: ArrayBufferLike;
  #buffer: ArrayBufferLike;
  /** Where the free part begins. */
  #used: number;
  /** How many chunks of it, and of the home memory when it is another, were handed out and not reclaimed. */
  #lent: number;
  #lentAtHome: number;
  /** Whose bytes end at `#used` and may go on there. */
  #writer: SlabWriter | undefined;

  /** `size` is that of memory to come. */
  constructor(size: number, home: Uint8Array = NOTHING) {
    this.#size = size;
    this.#home = home;
    this.#bytes = home;
    this.#homeBuffer = home.buffer;
    this.#buffer = this.#homeBuffer;
    this.#used = 0;
    this.#lent = 0;
    this.#lentAtHome = 0;
    this.#writer = undefined;
  }

  /** The memory that is written to now. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /**
   * Makes room for `length` bytes, for this writer alone until another asks. Returns where it is.
   * Whoever wrote before, this one included when new memory is begun, is told to `seal` what it has.
   */
  reserve(length: number, writer: SlabWriter): number {
    if (this.#used + length > this.#bytes.length) {
      this.#writer?.seal();
      this.#turnOver(length);
    }
    if (this.#writer !== writer) {
      this.#writer?.seal();
      this.#writer = writer;
    }
    return this.#used;
  }

  /** The reserved room is taken up to `end`. */
  commit(end: number): void {
    this.#used = end;
  }

  /** A chunk was handed out. */
  lend(): void {
    this.#lent++;
  }

  /** The writer has sealed what it had. */
  leave(writer: SlabWriter): void {
    if (this.#writer === writer) this.#writer = undefined;
  }

  /** Nobody holds this chunk any more. Returns whether it was one of the slab's. */
  reclaim(chunk: Uint8Array): boolean {
    const { buffer } = chunk;
    if (buffer === this.#buffer && isWithin(chunk, this.#bytes)) {
      if (--this.#lent === 0 && this.#writer === undefined) this.#used = 0;
      return true;
    }
    const isHome = buffer === this.#homeBuffer && isWithin(chunk, this.#home);
    if (isHome) this.#lentAtHome--;
    return isHome;
  }

  /** The memory is full: back to the home memory when that is free, or on to new memory. */
  #turnOver(length: number): void {
    const isHome = this.#bytes === this.#home;
    if (isHome) this.#lentAtHome = this.#lent;
    const canReturn = !isHome && this.#lentAtHome === 0 && this.#home.length >= length;
    this.#bytes = canReturn ? this.#home : new Uint8Array(Math.max(this.#size, length));
    this.#buffer = this.#bytes.buffer;
    this.#used = 0;
    this.#lent = 0;
  }
}

/** Who writes to a slab. */
export interface SlabWriter {
  /** What it has there becomes a chunk: it does not go on where that ends. */
  seal(): void;
}

const NOTHING = new Uint8Array(0);

/** Whether a chunk of the slab's buffer is one of the slab. */
function isWithin(chunk: Uint8Array, slab: Uint8Array): boolean {
  const from = chunk.byteOffset - slab.byteOffset;
  return from >= 0 && from < slab.length;
}
