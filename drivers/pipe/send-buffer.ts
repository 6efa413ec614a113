import { Fifo } from './fifo.ts';

/** Bytes that were written and wait for room: chunks as the caller gave them, not copied before they are taken. */
export class SendBuffer {
  readonly #chunks: Fifo<Uint8Array>;
  /** How many bytes of the first chunk have been taken. */
  #taken: number;
  #total: number;

  constructor() {
    this.#chunks = new Fifo();
    this.#taken = 0;
    this.#total = 0;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#total;
  }

  push(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      this.#chunks.push(chunk);
      this.#total += chunk.length;
    }
  }

  /** Copies the next bytes out: exactly `length` of them, which must not be more than wait. */
  take(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const chunk = this.#chunks.first!;
      const part = chunk.subarray(this.#taken, this.#taken + length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#taken += part.length;
      if (this.#taken < chunk.length) continue;
      this.#chunks.shift();
      this.#taken = 0;
    }
    this.#total -= length;
    return bytes;
  }

  clear(): void {
    this.#chunks.clear();
    this.#taken = 0;
    this.#total = 0;
  }
}
