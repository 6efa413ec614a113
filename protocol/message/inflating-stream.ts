import type { MemorySource } from '../memory/block-pool.ts';
import { MessageBuffer } from './message-buffer.ts';
import { INFLATE_COST, type MessageInflater, type MessageOwner } from './targets.ts';

/**
 * How much is inflated at once. DEFLATE makes at most 1,032 bytes of one (RFC 1951 §3.2.5: matches of 258 bytes, two
 * bits each), so that about 1 MiB may come out after the target has asked for a pause.
 */
const SLICE = 1024;

/** There is more to come, or to be inflated. */
export const MORE = 0;
/** All of the message was delivered. */
export const DONE = 1;

export interface InflatingStreamOptions {
  inflater: MessageInflater;
  memory: MemorySource;
  owner: MessageOwner;
  /** Takes what is inflated, `last` when the message ends with it: lent, and maybe empty. */
  deliver: (piece: Uint8Array, last: boolean) => void;
  /** The most that may come out. */
  room: number;
}

/**
 * A compressed message that is streamed: inflated as it comes, and no further than its target wants. What a pause leaves
 * is kept compressed, so that it is not the peer who decides how much memory it takes.
 */
export class InflatingStream {
  /** The most that may still come out. */
  room: number;
  readonly #options: InflatingStreamOptions;
  /** What is still to be inflated, from `#at` on, while the target has paused. */
  #store: MessageBuffer | undefined;
  #at: number;
  /** Whether the message has all come. */
  #whole: boolean;
  #stopped: boolean;

  constructor(options: InflatingStreamOptions) {
    this.room = options.room;
    this.#options = options;
    this.#store = undefined;
    this.#at = 0;
    this.#whole = false;
    this.#stopped = false;
  }

  /** Whether the message has all come. */
  get isWhole(): boolean {
    return this.#whole;
  }

  /** The payload goes on with `bytes[start, end)`, and ends there when `whole`. Returns MORE, DONE or a close code. */
  append(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
    this.#whole = whole;
    if (this.#store === undefined && !this.#options.owner.isPaused) {
      const result = this.#run(bytes, start, end);
      if (this.#at < end) this.#keep(bytes, this.#at, end);
      return result;
    }
    this.#keep(bytes, start, end);
    return this.proceed();
  }

  /** Goes on with what a pause has left. Returns as `append` does. */
  proceed(): number {
    const store = this.#store;
    if (store === undefined || this.#options.owner.isPaused) return MORE;
    const result = this.#run(store.bytes, this.#at, store.size);
    if (this.#at === store.size) {
      store.clear();
      this.#store = undefined;
    }
    return result;
  }

  /** Nothing more is wanted of it. */
  stop(): void {
    this.#stopped = true;
    this.#store?.clear();
  }

  /** Inflates `bytes[start, end)` until the target pauses; `#at` is where that was. */
  #run(bytes: Uint8Array, start: number, end: number): number {
    const { inflater, deliver, owner } = this.#options;
    this.#at = start;
    do {
      const stop = Math.min(this.#at + SLICE, end);
      const last = this.#whole && stop === end;
      const piece = inflater.decompressPart(bytes.subarray(this.#at, stop), last, this.room);
      if (typeof piece === 'number') return piece;
      this.room -= piece.length;
      owner.spend(INFLATE_COST + piece.length);
      this.#at = stop;
      deliver(piece, last);
      if (last) return DONE;
    } while (this.#at < end && !owner.isPaused && !this.#stopped);
    return MORE;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    if (this.#store === undefined) {
      this.#store = new MessageBuffer(this.#options.memory, false);
      this.#at = 0;
    }
    this.#store.append(bytes, start, end, Infinity);
  }
}

/** The largest payload of a message that inflates to `size`, a little larger than that: stored blocks cost five bytes each. */
export function mostCompressed(size: number): number {
  return size + Math.floor(size / 256) + 1024;
}
