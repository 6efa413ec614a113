/** How much is kept of what a client sends before it has its 101. */
export const MOST_UNDECIDED = 64 * 1024;

/** How much may come on top of what is held: what was on its way when the driver stopped reading. */
export const MOST_LATE = 1024 * 1024;
/** How much is discarded, and not held, while the transport's end is waited for. */
export const MOST_DISCARDED = 64 * 1024 * 1024;

/** Bytes from the peer that can't be dealt with yet, in one piece: before a decision, or while paused. */
export class HeldBytes {
  /** How many there are. */
  length: number;
  /** How many came while others were held already: more than what was on its way, from one who should have stopped. */
  late: number;
  readonly #allocate: (size: number) => Uint8Array;
  #memory: Uint8Array;

  constructor(allocate: (size: number) => Uint8Array) {
    this.length = 0;
    this.late = 0;
    this.#allocate = allocate;
    this.#memory = NOTHING;
  }

  /** Copies `bytes[start, …)` behind what is held. */
  append(bytes: Uint8Array, start: number): void {
    const length = bytes.length - start;
    this.late = this.length === 0 ? 0 : this.late + length;
    if (this.length + length > this.#memory.length) this.#grow(length);
    this.#memory.set(bytes.subarray(start), this.length);
    this.length += length;
  }

  /** Everything that is held; nothing is from then on. */
  take(): Uint8Array {
    const bytes = this.#memory.subarray(0, this.length);
    this.clear();
    return bytes;
  }

  /** Holds again what is left of bytes that were taken: a consumer that goes on a message at a time stops in them often. */
  putBack(rest: Uint8Array): void {
    this.#memory = rest;
    this.length = rest.length;
  }

  clear(): void {
    this.putBack(NOTHING);
  }

  /** The first bytes get the room that they need; from then on it doubles, so that a dribble takes linear time. */
  #grow(length: number): void {
    const grown = this.#allocate(this.length === 0 ? length : 2 * (this.length + length));
    grown.set(this.#memory.subarray(0, this.length));
    this.#memory = grown;
  }
}

const NOTHING = new Uint8Array(0);
