import type { MemorySource } from '../memory/block-pool.ts';

/** The first piece's memory is at least this many bytes, so that a dribble does not grow it byte by byte. */
const SMALLEST = 64;
/** Below this many bytes a loop beats making a view to copy from. */
const COPY_BYTEWISE_BELOW = 32;

/**
 * The bytes of a message that comes in several chunks, in one piece of memory that grows with them: at most twice what
 * has come (or 64 bytes, or a block that was there already), whatever length was announced.
 *
 * That memory is lent, and used again. Only a message whose bytes are given away ends in memory of its own: it moves
 * there as soon as half of it has come.
 */
export class MessageBuffer {
  /** The memory; the first `size` bytes are the message's. */
  bytes: Uint8Array;
  size: number;
  readonly isGivenAway: boolean;

  readonly #memory: MemorySource;
  /** Whether `bytes` is the memory to be given away, of the message's size. */
  #isFinal: boolean;

  constructor(memory: MemorySource, isGivenAway: boolean) {
    this.#memory = memory;
    this.bytes = EMPTY;
    this.size = 0;
    this.isGivenAway = isGivenAway;
    this.#isFinal = false;
  }

  /** Copies `source[start, end)`; `rest` is how many bytes can come from here on, these included. */
  append(source: Uint8Array, start: number, end: number, rest: number): void {
    const length = end - start;
    const needed = this.size + length;
    const whole = this.size + rest;
    if (this.isGivenAway && !this.#isFinal && 2 * needed >= whole) {
      this.#moveHome(whole);
    } else if (needed > this.bytes.length) {
      this.#move(this.#memory.lend(Math.min(Math.max(2 * needed, SMALLEST), whole)));
    }
    if (length < COPY_BYTEWISE_BELOW) {
      for (let i = 0; i < length; i++) this.bytes[this.size + i] = source[start + i];
    } else {
      this.bytes.set(source.subarray(start, end), this.size);
    }
    this.size = needed;
  }

  /** The message, in memory of exactly its size, which is the taker's. The store is spent. */
  take(): Uint8Array {
    if (!this.#isFinal) this.#moveHome(this.size);
    return this.bytes;
  }

  /** Gives lent memory back: the store is spent. */
  clear(): void {
    if (!this.#isFinal) this.#memory.giveBack(this.bytes);
    this.bytes = EMPTY;
    this.size = 0;
  }

  #moveHome(size: number): void {
    this.#move(this.#memory.allocate(size));
    this.#isFinal = true;
  }

  #move(memory: Uint8Array): void {
    if (this.size > 0) memory.set(this.bytes.subarray(0, this.size));
    this.#memory.giveBack(this.bytes);
    this.bytes = memory;
  }
}

const EMPTY = new Uint8Array(0);
