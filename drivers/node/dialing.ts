import type { Duplex } from 'node:stream';
import type { Transport } from '../transport.ts';

/**
 * A transport in the making: it keeps what is to be written until there is a stream, and giving it up gives up whatever
 * the way to a stream has come to.
 */
export class Dialing implements Transport {
  #isGivenUp: boolean;
  #bufferedAmount: number;
  #chunks: Uint8Array[];
  #streams: Duplex[];
  #controller: AbortController | undefined;

  constructor() {
    this.#isGivenUp = false;
    this.#bufferedAmount = 0;
    this.#chunks = [];
    this.#streams = [];
    this.#controller = undefined;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  /** Fires when it is given up. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isGivenUp) this.#controller.abort();
    return this.#controller.signal;
  }

  /** A stream on the way, which goes when this is given up. Its errors are somebody's: none is to be unheard. */
  track<S extends Duplex>(stream: S): S {
    stream.on('error', ignore);
    this.#streams.push(stream);
    if (this.#isGivenUp) stream.destroy();
    return stream;
  }

  /** The stream is there: it is no longer this one's. Returns what waits to be written. */
  finish(): readonly Uint8Array[] {
    this.#streams = [];
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bufferedAmount = 0;
    return chunks;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) {
      this.#chunks.push(chunk);
      this.#bufferedAmount += chunk.length;
    }
    return false;
  }

  end(): void {
    this.abort();
  }

  abort(): void {
    this.#isGivenUp = true;
    for (const stream of this.#streams) stream.destroy();
    this.finish();
    this.#controller?.abort();
  }

  pause(): void {}

  resume(): void {}
}

function ignore(): void {}
