import { Store } from './message/store.ts';

/** Bytes from the peer that can't be dealt with yet, in one piece: before a decision, or while paused. */
export class HeldBytes {
  readonly #allocate: (size: number) => Uint8Array;
  /** What was put back, to be used as it is. */
  #rest: Uint8Array | undefined;
  /** What came in pieces. */
  #store: Store | undefined;

  constructor(allocate: (size: number) => Uint8Array) {
    this.#allocate = allocate;
    this.#rest = undefined;
    this.#store = undefined;
  }

  get length(): number {
    return this.#rest?.length ?? this.#store?.size ?? 0;
  }

  /** Copies `bytes[start, …)` behind what is held. */
  append(bytes: Uint8Array, start: number): void {
    const store = (this.#store ??= new Store(this.#allocate));
    if (this.#rest !== undefined) {
      store.append(this.#rest, 0, this.#rest.length, Infinity);
      this.#rest = undefined;
    }
    store.append(bytes, start, bytes.length, Infinity);
  }

  /** Everything that is held; nothing is from then on. */
  take(): Uint8Array {
    const bytes = this.#rest ?? this.#store?.take() ?? NOTHING;
    this.clear();
    return bytes;
  }

  /** Holds again what is left of bytes that were taken: a consumer that goes on a message at a time stops in them often. */
  putBack(rest: Uint8Array): void {
    this.#rest = rest;
  }

  clear(): void {
    this.#rest = undefined;
    this.#store = undefined;
  }
}

const NOTHING = new Uint8Array(0);
