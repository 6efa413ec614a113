/** A first-in, first-out queue: both ends in constant time, however long it gets. */
export class Fifo<T> {
  #items: (T | undefined)[];
  #start: number;

  constructor() {
    this.#items = [];
    this.#start = 0;
  }

  get length(): number {
    return this.#items.length - this.#start;
  }

  /** The oldest. */
  get first(): T | undefined {
    return this.#items[this.#start];
  }

  /** The newest. */
  get last(): T | undefined {
    return this.length === 0 ? undefined : this.#items[this.#items.length - 1];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Removes the oldest. The queue must not be empty. */
  shift(): void {
    this.#items[this.#start++] = undefined;
    if (this.#start < 32 || this.#start * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#start);
    this.#start = 0;
  }

  clear(): void {
    this.#items = [];
    this.#start = 0;
  }
}
