import {
  type CloseInfo,
  HandshakeError,
  InvalidStateError,
  retryAfter,
  TimeoutError,
  WebSocketError,
} from '../../protocol/index.ts';
import {
  always,
  checkOptions,
  FUNCTION,
  isLate,
  LIMIT,
  NUMBER,
  type OptionTable,
  SIGNAL,
} from '../../protocol/internal.ts';
import { type Clock, wakeWhenDue } from '../clock.ts';
import { whenAborted } from '../socket/abort.ts';
import { INSPECT, type Inspect } from '../socket/inspect.ts';
import type { Driver } from '../driver.ts';
import { type ClientOptions, SEND_LIMIT } from '../socket/options.ts';
import type { Data, Fragments } from './data.ts';
import { Deferred } from './deferred.ts';
import type { Open } from './open.ts';
import { ReconnectingSends, type ReconnectingSendOptions } from './reconnecting-sends.ts';
import { PROMISE_OPTIONS, type PromiseOptions } from './session.ts';
import type { WebSocket } from './websocket.ts';

/** How `open.reconnecting` goes about it, beside the options of `open`. Times are milliseconds. */
export interface ReconnectOptions {
  /** Ends it all, at any time: the connection there is is closed, and the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Gives up after so many failures in a row, with the last one's error. Default: never. */
  attempts?: number | false | undefined;
  /** The longest that the first wait may be; it doubles with each that follows. Default 1 s. */
  baseDelay?: number | undefined;
  /** What the longest wait grows up to; `false` sets no bound. Default 30 s. */
  maxDelay?: number | false | undefined;
  /** The longest that a response may have it wait by Retry-After; `false` sets no bound. Default 1 h. */
  maxRetryAfter?: number | false | undefined;
  /** A connection that lived so long makes the waits start over. Default 10 s. */
  stableAfter?: number | undefined;
  /** Which failures of opening a connection are not to be tried again. Default: those that are not temporary. */
  isFatal?(error: WebSocketError): boolean;
  /** Told of each change: for a log, or for what shows whether there is a connection. */
  onState?(state: ReconnectState): void;
}

/** How `open.reconnecting` goes. */
export type ReconnectState =
  /** A connection is being opened, after so many failures in a row. */
  | { readonly state: 'connecting'; readonly failures: number }
  /** There is a connection. */
  | { readonly state: 'open'; readonly connection: WebSocket }
  /**
   * It waits so many milliseconds before it connects again: because opening failed with `error`, `failures` times in a row,
   * or because the last connection has ended as `closed` tells.
   */
  | {
      readonly state: 'waiting';
      readonly delay: number;
      readonly failures: number;
      readonly error: unknown;
      readonly closed: CloseInfo | undefined;
    }
  /** It is over: the loop was left, or is told this error. */
  | { readonly state: 'over'; readonly error: unknown };

/** What `open.reconnecting` returns: the connections, one after the other, and a way to send through whichever there is. */
export interface Reconnecting extends AsyncIterableIterator<WebSocket> {
  /** The connection there is, while it is open. */
  readonly connection: WebSocket | undefined;
  /**
   * Sends a message through the connection there is, as its `send` does, or waits for the next one and goes first there, in
   * the order of the calls. `wait: false` rejects with an InvalidStateError instead; `timeout` and `signal` give up
   * waiting, with a WaitTimeoutError or the signal's reason.
   *
   * A message is given to one connection and never again to another: where that one ends first, it rejects with its
   * `WebSocketError`, and whether the peer has got the message only the peer can tell. Rejects, too, with a
   * ConnectionLostError when more than `sendLimit` waits already, and once the loop is over.
   */
  send(message: Data | Fragments, options?: ReconnectingSendOptions): Promise<void>;
  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown>;
}

const RECONNECT_OPTIONS: OptionTable<ReconnectOptions> = {
  signal: SIGNAL,
  attempts: LIMIT,
  baseDelay: always(NUMBER),
  maxDelay: LIMIT,
  maxRetryAfter: LIMIT,
  stableAfter: always(NUMBER),
  isFatal: FUNCTION,
  onState: FUNCTION,
};

/** `open` with what reconnects. */
export interface ReconnectingOpen<C extends ClientOptions> extends Open<C> {
  /**
   * Opens a connection, and another one whenever the last has ended, for as long as it is iterated over. One is there at
   * a time: the last one is closed, with 1000, before the next is opened, and when the loop is left.
   *
   * Between two it waits a random time (full jitter) of at most `baseDelay`, doubled for each failure and each short-lived
   * connection before it, up to `maxDelay`; and after a response with Retry-After, for so much longer, up to
   * `maxRetryAfter`. A failure that is not temporary is thrown: a bad URL or option, a certificate that is not trusted, a 4xx
   * other than 408 and 429.
   *
   * Throws a TypeError or RangeError for bad options.
   */
  reconnecting(url: string | URL, options?: C & PromiseOptions & ReconnectOptions): Reconnecting;
}

/** Gives an `open` its `reconnecting`. `random` gives numbers from 0 to below 1. */
export function withReconnecting<C extends ClientOptions>(
  open: Open<C>,
  { clientOptions }: Pick<Driver<C, any>, 'clientOptions'>,
  clock: Clock,
  random: () => number = Math.random,
): ReconnectingOpen<C> {
  const table = { ...clientOptions, ...PROMISE_OPTIONS, ...RECONNECT_OPTIONS } as OptionTable<
    C & PromiseOptions & ReconnectOptions
  >;
  return Object.assign(open, {
    reconnecting: (url: string | URL, given?: C & PromiseOptions & ReconnectOptions) => {
      const options = checkOptions('open.reconnecting', table, given);
      // What is wrong with it is told with the first connection, as everything that `open` says.
      const limit = typeof options.sendLimit === 'number' && options.sendLimit > 0 ? options.sendLimit : SEND_LIMIT;
      const sends = new ReconnectingSends(clock, options.sendLimit === false ? Infinity : limit);
      return new Reconnections(() => open(url, options), options, clock, random, sends);
    },
  });
}

/** Why a connection could not be opened, where it is worth another attempt. */
function isPassing(error: unknown): boolean {
  return error instanceof TimeoutError || (error instanceof HandshakeError && error.isTemporary);
}

class Reconnections implements Reconnecting {
  readonly #open: () => Promise<WebSocket>;
  readonly #options: ReconnectOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #sends: ReconnectingSends;
  readonly #attempts: number;
  readonly #baseDelay: number;
  readonly #maxDelay: number;
  readonly #maxRetryAfter: number;
  readonly #stableAfter: number;
  /** Whether the last call of `next` is over: the one after it waits for that. */
  #turn: Promise<void>;
  #current: WebSocket | undefined;
  /** How the last connection ended, until it is told. */
  #closed: CloseInfo | undefined;
  #openedAt: number;
  #isFirst: boolean;
  #isOver: boolean;
  #isFinished: boolean;
  /** What `onState` was told last: `'new'` before that. */
  #state: ReconnectState['state'] | 'new';
  /** Failures in a row. */
  #failures: number;
  /** Failures and short-lived connections in a row: what the waits grow with. */
  #level: number;
  /** What went wrong last, until a connection was opened. */
  #error: unknown;
  /** Wakes whoever waits between two attempts. */
  #wake: (() => void) | undefined;

  constructor(
    open: () => Promise<WebSocket>,
    options: ReconnectOptions,
    clock: Clock,
    random: () => number,
    sends: ReconnectingSends,
  ) {
    this.#attempts = options.attempts === false ? Infinity : positive('attempts', options.attempts, Infinity);
    this.#baseDelay = positive('baseDelay', options.baseDelay, 1000);
    this.#maxDelay = options.maxDelay === false ? Infinity : positive('maxDelay', options.maxDelay, 30_000);
    this.#maxRetryAfter =
      options.maxRetryAfter === false ? Infinity : positive('maxRetryAfter', options.maxRetryAfter, 3_600_000);
    this.#stableAfter = positive('stableAfter', options.stableAfter, 10_000);
    this.#open = open;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#sends = sends;
    this.#turn = Promise.resolve();
    this.#current = undefined;
    this.#closed = undefined;
    this.#openedAt = 0;
    this.#isFirst = true;
    this.#isOver = false;
    this.#isFinished = false;
    this.#state = 'new';
    this.#failures = 0;
    this.#level = 0;
    this.#error = undefined;
    this.#wake = undefined;
  }

  get connection(): WebSocket | undefined {
    return this.#sends.connection;
  }

  send(message: Data | Fragments, options?: ReconnectingSendOptions): Promise<void> {
    return this.#sends.send(message, options);
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    return { state: this.#state, failures: this.#failures, connection: this.connection };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Reconnecting ${inspect(this.toJSON(), options)}`;
  }

  /** What it returns has nobody but the caller behind it: so an error's stack leads to the caller's line. */
  async next(): Promise<IteratorResult<WebSocket, undefined>> {
    const before = this.#turn;
    const own = new Deferred<void>();
    this.#turn = own.promise;
    await before;
    try {
      return await this.#next();
    } finally {
      own.resolve();
    }
  }

  /** Leaves the loop: the connection there is is closed, and one that is being opened too, once it is. */
  async return(): Promise<IteratorResult<WebSocket, undefined>> {
    this.#isOver = true;
    this.#wake?.();
    await this.#turn;
    try {
      this.#finish(undefined);
    } finally {
      // Whatever `onState` has thrown.
      await this.#current?.close();
    }
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<WebSocket, undefined>> {
    try {
      await this.#endLast();
      while (!this.#isOver) {
        this.#checkSignal();
        if (!this.#isFirst) await this.#wait();
        this.#isFirst = false;
        this.#checkSignal();
        if (this.#isOver) break;
        const webSocket = await this.#attempt();
        if (webSocket !== undefined) return { value: webSocket, done: false };
      }
      return { value: undefined, done: true };
    } catch (error) {
      this.#isOver = true;
      // Where it was `onState` that threw, nobody has been given the connection that it was told of.
      void this.#current?.close();
      this.#finish(error);
      throw error;
    }
  }

  /** The connection that the caller was given is not to live on beside the next. */
  async #endLast(): Promise<void> {
    const last = this.#current;
    if (last === undefined) return;
    this.#closed = await last.close();
    this.#current = undefined;
    if (this.#clock.now() - this.#openedAt >= this.#stableAfter) this.#level = 0;
    else this.#level++;
  }

  async #attempt(): Promise<WebSocket | undefined> {
    let webSocket: WebSocket;
    this.#tell({ state: 'connecting', failures: this.#failures });
    if (this.#isOver) return undefined; // it was left within `onState`
    try {
      webSocket = await this.#open();
    } catch (error) {
      this.#checkSignal();
      // What the caller did wrong stays wrong.
      const isFatal = !(error instanceof WebSocketError) || this.#isFatal(error);
      this.#failures++;
      this.#level++;
      this.#error = error;
      if (isFatal || this.#failures >= this.#attempts) throw error;
      return undefined;
    }
    this.#failures = 0;
    this.#error = undefined;
    this.#openedAt = this.#clock.now();
    this.#current = webSocket;
    this.#endWithSignal(webSocket);
    if (this.#isOver) return undefined; // whoever has left it closes what was opened meanwhile
    this.#sends.opened(webSocket);
    this.#tell({ state: 'open', connection: webSocket });
    return webSocket;
  }

  #tell(state: ReconnectState): void {
    this.#state = state.state;
    this.#options.onState?.(state);
  }

  #isFatal(error: WebSocketError): boolean {
    const answer: unknown = this.#options.isFatal?.(error);
    if (isLate(answer)) throw new TypeError('isFatal must return a boolean, not a promise of one', { cause: error });
    return Boolean(answer ?? !isPassing(error));
  }

  /** Until the next attempt, or until there is to be none. */
  async #wait(): Promise<void> {
    // The first wait has level 1 behind it, unless a stable connection has come to its end.
    const most = Math.min(this.#maxDelay, this.#baseDelay * 2 ** Math.max(this.#level - 1, 0));
    const response = this.#error instanceof HandshakeError ? this.#error.response : undefined;
    // A server that is wrong about the time, or about the unit, would be waited for for years.
    const asked = Math.min((response && retryAfter(response.headers)) ?? 0, this.#maxRetryAfter);
    const delay = this.#random() * most + asked;
    const closed = this.#closed;
    this.#closed = undefined;
    this.#tell({ state: 'waiting', delay, failures: this.#failures, error: this.#error, closed });
    this.#checkSignal();
    if (this.#isOver) return; // it was left within `onState`, when there was nobody to wake yet
    await new Promise<void>((resolve) => {
      const end = (): void => {
        letGo?.();
        wake.cancel();
        this.#wake = undefined;
        resolve();
      };
      const { signal } = this.#options;
      const letGo = signal && whenAborted(signal, end);
      const wake = wakeWhenDue(this.#clock, this.#clock.now() + delay, end, 'open.reconnecting');
      this.#wake = end;
    });
  }

  /** There is to be no connection any more: once. */
  #finish(error: unknown): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const init = error === undefined ? {} : { cause: error };
    this.#sends.end(() => new InvalidStateError('not sent: the loop over the connections is over', init));
    this.#tell({ state: 'over', error });
  }

  #endWithSignal(webSocket: WebSocket): void {
    const { signal } = this.#options;
    if (signal === undefined) return;
    const end = (): void => void webSocket.close();
    if (signal.aborted) return end();
    void webSocket.closed.then(whenAborted(signal, end));
  }

  #checkSignal(): void {
    const { signal } = this.#options;
    if (signal?.aborted) throw signal.reason;
  }
}

function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (!(value > 0)) throw new RangeError(`${name} must be greater than zero`);
  return value;
}
