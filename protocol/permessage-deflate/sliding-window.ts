import { withRoom } from '../memory/copies.ts';

/** What a window starts with; it grows with what comes, so that a quiet connection costs little. */
const INITIAL_CAPACITY = 512;

/**
 * The last 2^windowBits bytes of a stream: the history that back-references reach into (RFC 1951 §2, RFC 7692 §7.1.2).
 * For codecs that carry a connection's context from one compressor to another.
 */
export class SlidingWindow {
  /** How many bytes it holds: all that were appended, up to its size. */
  length: number;
  private readonly size: number;
  private bytes: Uint8Array;
  /** Where the next byte goes. Once `size` bytes have come this is also where the oldest one is: the buffer is a ring. */
  private next: number;

  /** `windowBits`: the base-2 logarithm of its size. */
  constructor(windowBits: number) {
    this.length = 0;
    this.size = 1 << windowBits;
    this.bytes = EMPTY;
    this.next = 0;
  }

  /** Adds `bytes`, which are copied; the oldest ones make room. */
  append(bytes: Uint8Array): void {
    // More than the window holds: only its end will ever be looked at.
    const recent = bytes.length > this.size ? bytes.subarray(bytes.length - this.size) : bytes;
    this.reserve(Math.min(this.length + recent.length, this.size));
    const room = Math.min(this.bytes.length - this.next, recent.length);
    this.bytes.set(room === recent.length ? recent : recent.subarray(0, room), this.next);
    if (room < recent.length) this.bytes.set(recent.subarray(room), 0);
    this.next = (this.next + recent.length) % this.size;
    this.length = Math.min(this.length + recent.length, this.size);
  }

  /** Copies what it holds, the oldest byte first, to `target` from `at` on. */
  copyTo(target: Uint8Array, at: number): void {
    if (this.length < this.size) {
      target.set(this.bytes.subarray(0, this.length), at);
    } else {
      target.set(this.bytes.subarray(this.next), at);
      target.set(this.bytes.subarray(0, this.next), at + this.size - this.next);
    }
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    this.length = 0;
    this.bytes = EMPTY;
    this.next = 0;
  }

  /** Makes the buffer at least `capacity` long. It is a ring only at its full size, so growing never moves the seam. */
  private reserve(capacity: number): void {
    this.bytes = withRoom(this.bytes, this.length, capacity, INITIAL_CAPACITY, this.size);
  }
}

const EMPTY = new Uint8Array(0);
