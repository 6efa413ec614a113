import type { AsyncResource } from 'node:async_hooks';
import type { ServerHttp2Stream } from 'node:http2';
import { guard, type Guarded } from '../../socket/guard.ts';
import { nodeClock } from '../clock.ts';
import { currentContext } from '../internals/async-context.ts';

/** Who takes streams that clients open. */
export interface StreamTaker extends Guarded {
  /** Takes one, whose request has these fields. What this throws is the end of that stream, and `failed` is told. */
  take(stream: ServerHttp2Stream, fields: readonly string[]): void;
}

/** Streams of one session that are dealt with in a turn. */
const MOST = 32;

/**
 * The streams that a client opens on one session, so many a turn: one read may bring thousands, most of which are reset by
 * their client in the same read, and each costs what a handshake does. Those that are over by their turn cost nothing more.
 */
export class Openings {
  readonly #waiting: Set<Opening>;
  /** How many were taken in this turn. */
  #taken: number;

  constructor() {
    this.#waiting = new Set();
    this.#taken = 0;
  }

  add(stream: ServerHttp2Stream, fields: readonly string[], taker: StreamTaker): void {
    const opening = new Opening(stream, fields, taker);
    if (opening.isOver) return opening.ignoreErrors();
    if (this.#taken === 0) this.#expect();
    if (this.#taken === MOST) {
      opening.wait();
      return void this.#waiting.add(opening);
    }
    this.#taken++;
    opening.take();
  }

  #expect(): void {
    nodeClock.afterReading(() => {
      this.#taken = 0;
      for (const opening of this.#waiting) {
        this.#waiting.delete(opening);
        if (opening.isOver) continue;
        opening.take();
        if (++this.#taken === MOST) break;
      }
      if (this.#taken > 0) this.#expect();
    });
  }
}

/** One of them. */
class Opening implements Guarded {
  readonly #stream: ServerHttp2Stream;
  readonly #fields: readonly string[];
  readonly #taker: StreamTaker;
  /** The context in which it came, where it waits: the turn is another's. */
  #context: AsyncResource | undefined;

  constructor(stream: ServerHttp2Stream, fields: readonly string[], taker: StreamTaker) {
    this.#stream = stream;
    this.#fields = fields;
    this.#taker = taker;
    this.#context = undefined;
  }

  get isOver(): boolean {
    return this.#stream.aborted || this.#stream.closed || this.#stream.destroyed;
  }

  wait(): void {
    this.#context = currentContext().context;
    this.ignoreErrors();
  }

  /** Nobody else hears of its errors, for now or for good. */
  ignoreErrors(): void {
    this.#stream.on('error', ignore);
  }

  take(): void {
    guard(this, this.#take);
  }

  failed(error: unknown): void {
    this.#stream.destroy();
    this.#taker.failed(error);
  }

  #take(): void {
    const taker = this.#taker;
    if (this.#context === undefined) return taker.take(this.#stream, this.#fields);
    this.#stream.off('error', ignore);
    this.#context.runInAsyncScope(() => taker.take(this.#stream, this.#fields));
  }
}

function ignore(): void {}
