import type { ServerHttp2Stream } from 'node:http2';
import { nodeClock } from '../clock.ts';

/** Takes a stream that a client has opened: its request has these fields. */
export type StreamListener = (stream: ServerHttp2Stream, fields: readonly string[]) => void;

/** Streams of one session that are dealt with in a turn. */
const MOST = 32;

/**
 * The streams that a client opens on one session, so many a turn: one read may bring thousands, most of which are reset by
 * their client in the same read, and each costs what a handshake does. Those that are over by their turn cost nothing more.
 */
export class Openings {
  readonly #take: StreamListener;
  readonly #waiting: { readonly stream: ServerHttp2Stream; readonly fields: readonly string[] }[];
  /** How many were taken in this turn. */
  #taken: number;

  constructor(take: StreamListener) {
    this.#take = take;
    this.#waiting = [];
    this.#taken = 0;
  }

  add(stream: ServerHttp2Stream, fields: readonly string[]): void {
    if (this.#taken === 0) this.#expect();
    if (this.#taken < MOST) {
      this.#taken++;
      return this.#take(stream, fields);
    }
    // Nobody else hears of its errors yet.
    stream.on('error', () => {});
    this.#waiting.push({ stream, fields });
  }

  #expect(): void {
    nodeClock.afterReading(() => {
      this.#taken = 0;
      let next;
      while (this.#taken < MOST && (next = this.#waiting.shift()) !== undefined) {
        if (next.stream.aborted || next.stream.closed || next.stream.destroyed) continue;
        this.#taken++;
        this.#take(next.stream, next.fields);
      }
      if (this.#taken > 0) this.#expect();
    });
  }
}
