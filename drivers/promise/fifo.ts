/** What an empty ring that never held anything is: the same for all. */
const NOTHING: never[] = [];
/** A ring that grew beyond this is let go of once it is empty. */
const KEPT = 64;

/** A first-in, first-out queue over a ring that grows as needed. */
export class Fifo<T> {
  #ring: (T | undefined)[];
  #head: number;
  #length: number;

  constructor() {
    this.#ring = NOTHING;
    this.#head = 0;
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = item;
    this.#length++;
  }

  /** The oldest item, which stays. */
  peek(): T | undefined {
    return this.#ring[this.#head];
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    if (--this.#length === 0 && this.#ring.length > KEPT) {
      this.#ring = NOTHING;
      this.#head = 0;
    }
    return item;
  }

  /** Takes one item out, wherever it stands; tells whether it was there. Linear: for what happens rarely. */
  remove(item: T): boolean {
    const mask = this.#ring.length - 1;
    for (let i = 0; i < this.#length; i++) {
      if (this.#ring[(this.#head + i) & mask] !== item) continue;
      for (let j = i; j < this.#length - 1; j++) {
        this.#ring[(this.#head + j) & mask] = this.#ring[(this.#head + j + 1) & mask];
      }
      this.#ring[(this.#head + --this.#length) & mask] = undefined;
      return true;
    }
    return false;
  }

  #grow(): void {
    const { length } = this.#ring;
    const ring: (T | undefined)[] = new Array(length === 0 ? 1 : 2 * length);
    for (let i = 0; i < length; i++) ring[i] = this.#ring[(this.#head + i) & (length - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}

/** A queue that nothing was ever in, the same for all who have not used theirs: an idle connection would have four. */
export const NOTHING_QUEUED: Fifo<never> = new Fifo();

/** Puts an item into this queue, or into a new one in the place of `NOTHING_QUEUED`. Returns the queue that has it. */
export function queued<T>(queue: Fifo<T>, item: T): Fifo<T> {
  const own = queue === NOTHING_QUEUED ? new Fifo<T>() : queue;
  own.push(item);
  return own;
}
