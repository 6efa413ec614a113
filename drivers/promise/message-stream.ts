import { ITEM_COST, type ReceivedMessage } from './data.ts';
import { Pending, rejectedQuietly } from './deferred.ts';
import type { Ending } from './ending.ts';
import { Fifo } from './fifo.ts';

/** What a stream holds for its consumer, in bytes and what holds them, before the socket's reading is stopped. */
export const STREAM_HIGH_WATER = 64 * 1024;

/**
 * One message, in chunks as they arrive: strings for TEXT, never cut inside a character; bytes for BINARY. No chunk is
 * empty, and how the message is cut means nothing.
 *
 * Iterating ends when the message is whole. It throws the connection's `WebSocketError` when the connection ends before
 * that, whatever its close code: what has come is not the message. Leaving early (`break`, `return()`) skips the rest of
 * this message; the connection goes on with the next one.
 *
 * A stream stands in line with the `receive` calls around it. One that is neither read to its end nor left holds the
 * connection up: the messages behind it cannot come.
 */
export interface MessageStream {
  /** Whether the message is BINARY, not TEXT; undefined until it has begun. */
  readonly binary: boolean | undefined;
  /** The next chunk: strings of TEXT, bytes of BINARY. Rejects when the connection ends before the message does. */
  next(): Promise<IteratorResult<ReceivedMessage, undefined>>;
  /** Skips the rest of the message. */
  return(): Promise<IteratorResult<ReceivedMessage, undefined>>;
  [Symbol.asyncIterator](): this;
}

/** Where a stream tells how much it holds: the inbox. */
interface Holder {
  streamHolds(bytes: number): void;
  streamReleases(bytes: number): void;
}

type Step = IteratorResult<ReceivedMessage, undefined>;

const COMING = 0;
const WHOLE = 1;
const FAILED = 2;

/** A MessageStream, with the side that fills it. */
export class IncomingStream implements MessageStream {
  binary: boolean | undefined;
  readonly #holder: Holder;
  readonly #chunks: Fifo<ReceivedMessage>;
  readonly #steps: Fifo<Pending<Step>>;
  #state: typeof COMING | typeof WHOLE | typeof FAILED;
  #ending: Ending | undefined;
  /** The consumer has left; what still comes is dropped. */
  #left: boolean;

  constructor(holder: Holder) {
    this.binary = undefined;
    this.#holder = holder;
    this.#chunks = new Fifo();
    this.#steps = new Fifo();
    this.#state = COMING;
    this.#ending = undefined;
    this.#left = false;
  }

  next(): Promise<Step> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#holder.streamReleases(chunk.length + ITEM_COST);
      return Promise.resolve({ value: chunk, done: false });
    }
    if (this.#left || this.#state === WHOLE) return Promise.resolve({ value: undefined, done: true });
    if (this.#state === FAILED) return rejectedQuietly(this.#ending!.error);
    const step = new Pending<Step>();
    this.#steps.push(step);
    return step.promise;
  }

  return(): Promise<Step> {
    this.#left = true;
    this.#endSteps();
    let released = 0;
    for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
      released += chunk.length + ITEM_COST;
    }
    if (released !== 0) this.#holder.streamReleases(released);
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  start(binary: boolean): void {
    this.binary = binary;
  }

  push(chunk: ReceivedMessage): void {
    if (this.#left) return;
    const step = this.#steps.shift();
    if (step !== undefined) {
      step.resolve({ value: chunk, done: false });
    } else {
      this.#chunks.push(chunk);
      this.#holder.streamHolds(chunk.length + ITEM_COST);
    }
  }

  finish(): void {
    this.#state = WHOLE;
    this.#endSteps();
  }

  /** A message that had come before it was asked for as a stream. */
  take(message: ReceivedMessage): void {
    this.start(typeof message !== 'string');
    if (message.length !== 0) this.push(message);
    this.finish();
  }

  fail(ending: Ending): void {
    this.#state = FAILED;
    this.#ending = ending;
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      step.rejectWhereAwaited(() => ending.error);
    }
  }

  #endSteps(): void {
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      step.resolve({ value: undefined, done: true });
    }
  }
}
