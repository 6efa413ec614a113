import { toBuffer } from './data.ts';
import { nextTick } from './clock.ts';

interface Waiting {
  readonly size: number;
  readonly send: () => void;
  readonly fail: (error: Error) => void;
}

/** What is sent behind a Blob that is being read: messages keep their order. There is one of these while there is a Blob. */
export class BlobQueue {
  /** Bytes that wait. */
  size: number;
  readonly #waiting: Waiting[];
  readonly #isGone: () => boolean;
  readonly #onFailure: (error: Error) => void;

  constructor(isGone: () => boolean, onFailure: (error: Error) => void) {
    this.size = 0;
    this.#waiting = [];
    this.#isGone = isGone;
    this.#onFailure = onFailure;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends this behind what waits. */
  add(size: number, send: () => void, fail: (error: Error) => void): void {
    this.size += size;
    this.#waiting.push({ size, send, fail });
  }

  /** Sends a Blob's bytes behind what waits. */
  addBlob(blob: Blob, send: (bytes: Buffer) => void, fail: (error: Error) => void): void {
    let bytes: Buffer | undefined;
    this.add(blob.size, () => send(bytes!), fail);
    const read = () =>
      void blob.arrayBuffer().then(
        (buffer) =>
          nextTick(() => {
            if (this.#isGone()) return this.#fail(new Error('The socket was closed while the blob was being read'));
            bytes = toBuffer(buffer);
            this.#shift();
          }),
        (error: Error) =>
          nextTick(() => {
            this.#fail(error);
            this.#onFailure(error);
          }),
      );
    const entry = this.#waiting.at(-1)!;
    reads.set(entry, read);
    if (this.#waiting.length === 1) read();
  }

  /** Sends the first, and all behind it up to the next Blob. */
  #shift(): void {
    do {
      const { size, send } = this.#waiting.shift()!;
      this.size -= size;
      send();
    } while (this.#waiting.length > 0 && !reads.has(this.#waiting[0]));
    if (this.#waiting.length > 0) reads.get(this.#waiting[0])!();
  }

  #fail(error: Error): void {
    for (const { fail } of this.#waiting.splice(0)) fail(error);
    this.size = 0;
  }
}

/** How those are read that are Blobs. */
const reads = new WeakMap<Waiting, () => void>();
