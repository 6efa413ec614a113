import type { MemorySource } from './block-pool.ts';

/** How much is kept of what a client sends before it has its 101. */
export const MOST_EARLY = 64 * 1024;

/** How much may come on top of what is held: what was on its way when the driver stopped reading. */
export const MOST_LATE = 1024 * 1024;
/** How much comes at most of a transport that takes no output any more, once nothing of it is held back. */
export const MOST_REST = 8 * 1024 * 1024;
/** How much is discarded, and not held, while the transport's end is waited for. */
export const MOST_DISCARDED = 64 * 1024 * 1024;

/** Bytes from the peer that can't be dealt with yet, in one piece: before a decision, or while paused. */
export class PendingInput {
  /** How many there are. */
  length: number;
  /** How many came while others were held already: more than what was on its way, from one who should have stopped. */
  late: number;
  readonly #source: MemorySource;
  #memory: Uint8Array;
  /** Where in it they begin. */
  #start: number;

  constructor(source: MemorySource) {
    this.length = 0;
    this.late = 0;
    this.#source = source;
    this.#memory = NOTHING;
    this.#start = 0;
  }

  /** Copies `bytes[start, end)` behind what is held. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.late = this.length === 0 ? 0 : this.late + length;
    if (this.#start + this.length + length > this.#memory.length) this.#grow(length);
    this.#memory.set(bytes.subarray(start, end), this.#start + this.length);
    this.length += length;
  }

  /** Everything that is held: lent until `putBack` or `clear` is called, one of which must be. */
  take(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#start + this.length);
  }

  /** Holds only the last `count` of them on: a consumer that goes on a message at a time stops in them often. */
  putBack(count: number): void {
    this.#start += this.length - count;
    this.length = count;
  }

  /** Holds nothing any more. */
  clear(): void {
    this.#source.giveBack(this.#memory);
    this.#memory = NOTHING;
    this.#start = 0;
    this.length = 0;
  }

  /** The first bytes get the room that they need; from then on it doubles, so that a dribble takes linear time. */
  #grow(length: number): void {
    const grown = this.#source.lend(this.length === 0 ? length : 2 * (this.length + length));
    grown.set(this.take());
    this.#source.giveBack(this.#memory);
    this.#memory = grown;
    this.#start = 0;
  }
}

const NOTHING = new Uint8Array(0);
