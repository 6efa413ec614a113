/** Something to be run at a time. */
export interface Entry {
  readonly at: number;
  /** Entries of the same time run in the order in which they were added. */
  readonly order: number;
  readonly run: () => void;
  /** Whether bytes are on their way behind it; see VirtualClock.carryAt. */
  readonly carries: boolean;
  /** Whether it goes before all that are not overdue, whatever their time; see VirtualClock.standStill. */
  isOverdue: boolean;
  /** Its place in the heap, -1 when it is in none. */
  place: number;
}

/** A priority queue of entries by time, then by order: a binary heap that can also remove from its middle. */
export class Schedule {
  readonly #heap: Entry[];
  #added: number;
  #carrying: number;

  constructor() {
    this.#heap = [];
    this.#added = 0;
    this.#carrying = 0;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** How many of the entries carry bytes. */
  get carries(): number {
    return this.#carrying;
  }

  /** The first to run. */
  get first(): Entry | undefined {
    return this.#heap[0];
  }

  add(at: number, run: () => void, carries: boolean): Entry {
    const entry: Entry = { at, order: this.#added++, run, carries, isOverdue: false, place: this.#heap.length };
    if (carries) this.#carrying++;
    this.#heap.push(entry);
    this.#rise(entry);
    return entry;
  }

  /** Those that carry no bytes and are due by `time` go before all others. */
  putTimersFirst(time: number): void {
    for (const entry of [...this.#heap]) {
      if (entry.carries || entry.isOverdue || entry.at > time) continue;
      entry.isOverdue = true;
      this.#rise(entry);
    }
  }

  /** Takes an entry out. Does nothing when it is no longer in. */
  remove(entry: Entry): void {
    const place = entry.place;
    if (place < 0) return;
    entry.place = -1;
    if (entry.carries) this.#carrying--;
    const last = this.#heap.pop()!;
    if (last === entry) return;
    last.place = place;
    this.#heap[place] = last;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: Entry): void {
    while (entry.place > 0) {
      const parent = this.#heap[(entry.place - 1) >> 1]!;
      if (!isBefore(entry, parent)) return;
      this.#swap(entry, parent);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.place + 1];
      const right = this.#heap[2 * entry.place + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, entry)) return;
      this.#swap(child, entry);
    }
  }

  #swap(a: Entry, b: Entry): void {
    const place = a.place;
    a.place = b.place;
    b.place = place;
    this.#heap[a.place] = a;
    this.#heap[b.place] = b;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  if (a.isOverdue !== b.isOverdue) return a.isOverdue;
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
