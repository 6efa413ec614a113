import type { BytesLike } from '../../protocol/index.ts';
import type { Socket } from '../socket/socket.ts';
import { toPayload } from './data.ts';
import { Pending, rejectedQuietly } from './deferred.ts';
import type { Ending } from './ending.ts';

interface PendingPing {
  readonly id: number;
  readonly sentAt: number;
  readonly answer: Pending<number>;
}

/** The pings of the application that wait for their pongs, oldest first. */
export class Pings {
  readonly #socket: Socket<unknown>;
  #pending: PendingPing[];
  #ending: Ending | undefined;

  constructor(socket: Socket<any>) {
    this.#socket = socket;
    this.#pending = [];
    this.#ending = undefined;
  }

  /** How many have no answer yet. */
  get waiting(): number {
    return this.#pending.length;
  }

  ping(data?: string | BytesLike): Promise<number> {
    let id: number;
    try {
      id = this.#socket.ping(data === undefined ? undefined : toPayload(data));
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#ending !== undefined) return rejectedQuietly(this.#ending.error);
    const answer = new Pending<number>();
    // One that could not be sent waits for the end with the others, to be told why.
    this.#pending.push({ id: id === 0 ? Infinity : id, sentAt: this.#socket.clock.now(), answer });
    return answer.promise;
  }

  /** A pong answers the ping that it names and the ones before it (RFC 6455 §5.5.3). */
  pong(id: number, roundTrip: number): void {
    if (id === 0 || this.#pending.length === 0 || this.#pending[0].id > id) return;
    const now = this.#socket.clock.now();
    const rest = this.#pending.findIndex((ping) => ping.id > id);
    const answered = this.#pending.splice(0, rest === -1 ? this.#pending.length : rest);
    for (const ping of answered) ping.answer.resolve(ping.id === id ? roundTrip : now - ping.sentAt);
  }

  /** No pong comes any more. */
  end(ending: Ending): void {
    this.#ending = ending;
    const pending = this.#pending;
    this.#pending = [];
    for (const ping of pending) ping.answer.rejectWhereAwaited(() => ending.error);
  }
}
