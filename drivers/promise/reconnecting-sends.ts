import { ConnectionLostError, InvalidStateError, WaitTimeoutError } from '../../protocol/index.ts';
import { BOOLEAN, checkOptions, LIMIT, type OptionTable, SIGNAL } from '../../protocol/internal.ts';
import type { Clock } from '../clock.ts';
import { checkTimeout } from '../socket/graceful-close.ts';
import { checkFragments, isFragments } from './fragmented-message.ts';
import { type Data, type Fragments, isData, ITEM_COST, notData, sizeOf } from './data.ts';
import { Deferred } from './deferred.ts';
import { Fifo } from './fifo.ts';
import type { SendOptions } from './outbound.ts';
import { WaitLimit, type TimedWaitOptions } from './wait-limit.ts';
import type { WebSocket } from './websocket.ts';

/** How `send` of `open.reconnecting` goes about it. */
export interface ReconnectingSendOptions extends SendOptions, TimedWaitOptions {
  /** `false` rejects with an InvalidStateError where no connection is open, in place of waiting for one. Default true. */
  wait?: boolean | undefined;
}

const OPTIONS: OptionTable<ReconnectingSendOptions> = {
  compress: BOOLEAN,
  signal: SIGNAL,
  timeout: LIMIT,
  wait: BOOLEAN,
};

interface Waiting {
  readonly message: Data | Fragments;
  readonly options: SendOptions;
  readonly cost: number;
  readonly sent: Deferred<void>;
  limit: WaitLimit | undefined;
}

/** What is sent through whichever connection there is, in the order of the calls: it waits while there is none. */
export class ReconnectingSends {
  readonly #clock: Clock;
  readonly #sendLimit: number;
  readonly #waiting: Fifo<Waiting>;
  /** What those who wait take: bytes, and what holds them. */
  #cost: number;
  #connection: WebSocket | undefined;
  /** What whoever sends from now on is told. */
  #end: (() => unknown) | undefined;

  constructor(clock: Clock, sendLimit: number) {
    this.#clock = clock;
    this.#sendLimit = sendLimit;
    this.#waiting = new Fifo();
    this.#cost = 0;
    this.#connection = undefined;
    this.#end = undefined;
  }

  /** The connection there is, if one is open. */
  get connection(): WebSocket | undefined {
    return this.#connection?.state === 'open' ? this.#connection : undefined;
  }

  async send(message: Data | Fragments, given: ReconnectingSendOptions | undefined): Promise<void> {
    const { timeout, wait = true, ...options } = checkOptions('send', OPTIONS, given);
    const timeoutMs = checkTimeout(timeout);
    if (!isData(message)) {
      if (!isFragments(message)) throw notData(message, 'a string, bytes, or an iterable of either as a message');
      checkFragments(message);
    }
    const { connection } = this;
    if (connection !== undefined) return connection.send(message, options);
    if (options.signal?.aborted) throw options.signal.reason;
    if (this.#end !== undefined) throw this.#end();
    if (!wait) throw new InvalidStateError('not sent: no connection is open (wait: false)');
    const cost = (isData(message) ? sizeOf(message) : 0) + ITEM_COST;
    if (this.#cost + cost > this.#sendLimit) {
      const text = `more than sendLimit, ${this.#sendLimit} bytes, wait for a connection`;
      throw new ConnectionLostError(text, { kind: 'send-limit' });
    }
    return this.#wait({ message, options, cost, sent: new Deferred(), limit: undefined }, timeoutMs);
  }

  /** A connection is open: what waits goes there, before anything else. */
  opened(connection: WebSocket): void {
    this.#connection = connection;
    for (let next = this.#shift(); next !== undefined; next = this.#shift()) {
      const { message, options, sent } = next;
      sent.resolve(connection.send(message, options));
    }
  }

  /** There is to be no connection any more. */
  end(error: () => unknown): void {
    this.#end ??= error;
    for (let next = this.#shift(); next !== undefined; next = this.#shift()) {
      next.sent.rejectWhereAwaited(this.#end, false);
    }
  }

  #wait(waiting: Waiting, timeoutMs: number): Promise<void> {
    this.#waiting.push(waiting);
    this.#cost += waiting.cost;
    waiting.limit = new WaitLimit(waiting.options.signal, timeoutMs, this.#clock, (reason) => {
      this.#waiting.remove(waiting);
      this.#cost -= waiting.cost;
      const isLate = reason instanceof WaitTimeoutError;
      const text = `not sent: no connection opened within ${timeoutMs} ms`;
      waiting.sent.rejectWhereAwaited(() => (isLate ? new WaitTimeoutError(timeoutMs, text) : reason), false);
    });
    return waiting.sent.promise;
  }

  #shift(): Waiting | undefined {
    const next = this.#waiting.shift();
    if (next === undefined) return undefined;
    next.limit?.callOff();
    this.#cost -= next.cost;
    return next;
  }
}
