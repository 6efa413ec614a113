import { HandshakeError, retryAfter, TimeoutError, WebSocketError } from '../../protocol/index.ts';
import type { Clock } from '../clock.ts';
import type { ClientOptions } from '../handlers.ts';
import { GiveUp } from './give-up.ts';
import type { Open } from './open.ts';
import type { PromiseOptions } from './session.ts';
import type { WebSocket } from './websocket.ts';

/** How `open.reconnecting` goes about it, beside the options of `open`. Times are milliseconds. */
export interface ReconnectOptions {
  /** Ends it all, at any time: the connection there is is closed, and the iteration throws the signal's reason. */
  signal?: AbortSignal;
  /** Gives up after so many failures in a row, with the last one's error. Default: never. */
  attempts?: number | false;
  /** The longest that the first wait may be; it doubles with each that follows. Default 1 s. */
  baseDelay?: number;
  /** What the longest wait grows up to. Default 30 s. */
  maxDelay?: number;
  /** A connection that lived so long makes the waits start over. Default 10 s. */
  stableAfter?: number;
  /** Which failures of opening a connection are not to be tried again. Default: those that are not temporary. */
  isFatal?(error: WebSocketError): boolean;
  /** Called before each wait, with the error of the failure, if it was one; for a log. */
  onWait?(wait: { delay: number; failures: number; error: unknown }): void;
}

/** `open` with what reconnects. */
export interface ReconnectingOpen<C extends ClientOptions> extends Open<C> {
  /**
   * Opens a connection, and another one whenever the last has ended, for as long as it is iterated over. One is there at
   * a time: the last one is closed, with 1000, before the next is opened, and when the loop is left.
   *
   * Between two it waits a random time (full jitter) of at most `baseDelay`, doubled for each failure and each short-lived
   * connection before it, up to `maxDelay`; and after a response with Retry-After, for so much longer. A failure that
   * is not temporary is thrown: a bad URL or option, a certificate that is not trusted, a 4xx other than 408 and 429.
   *
   * Throws a TypeError or RangeError for bad options.
   */
  reconnecting(url: string | URL, options?: C & PromiseOptions & ReconnectOptions): AsyncIterableIterator<WebSocket>;
}

/** Gives an `open` its `reconnecting`. `random` gives numbers from 0 to below 1. */
export function withReconnecting<C extends ClientOptions>(
  open: Open<C>,
  clock: Clock,
  random: () => number = Math.random,
): ReconnectingOpen<C> {
  return Object.assign(open, {
    reconnecting: (url: string | URL, options = {} as C & PromiseOptions & ReconnectOptions) =>
      new Reconnecting(() => open(url, options), options, clock, random),
  });
}

/** Why a connection could not be opened, where it is worth another attempt. */
function isPassing(error: unknown): boolean {
  return error instanceof TimeoutError || (error instanceof HandshakeError && error.isTemporary);
}

class Reconnecting implements AsyncIterableIterator<WebSocket> {
  readonly #open: () => Promise<WebSocket>;
  readonly #options: ReconnectOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #attempts: number;
  readonly #baseDelay: number;
  readonly #maxDelay: number;
  readonly #stableAfter: number;
  /** The last call of `next`: the one after it waits for it. */
  #turn: Promise<unknown>;
  #current: WebSocket | undefined;
  #openedAt: number;
  #isFirst: boolean;
  #isOver: boolean;
  /** Failures in a row. */
  #failures: number;
  /** Failures and short-lived connections in a row: what the waits grow with. */
  #level: number;
  /** What went wrong last, until a connection was opened. */
  #error: unknown;
  /** Wakes whoever waits between two attempts. */
  #wake: (() => void) | undefined;

  constructor(open: () => Promise<WebSocket>, options: ReconnectOptions, clock: Clock, random: () => number) {
    this.#attempts = options.attempts === false ? Infinity : positive('attempts', options.attempts, Infinity);
    this.#baseDelay = positive('baseDelay', options.baseDelay, 1000);
    this.#maxDelay = positive('maxDelay', options.maxDelay, 30_000);
    this.#stableAfter = positive('stableAfter', options.stableAfter, 10_000);
    this.#open = open;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#turn = Promise.resolve();
    this.#current = undefined;
    this.#openedAt = 0;
    this.#isFirst = true;
    this.#isOver = false;
    this.#failures = 0;
    this.#level = 0;
    this.#error = undefined;
    this.#wake = undefined;
  }

  next(): Promise<IteratorResult<WebSocket, undefined>> {
    const result = this.#turn.then(() => this.#next());
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Leaves the loop: the connection there is is closed, and one that is being opened too, once it is. */
  async return(): Promise<IteratorResult<WebSocket, undefined>> {
    this.#isOver = true;
    this.#wake?.();
    await this.#turn;
    await this.#current?.close();
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
      throw error;
    }
  }

  /** The connection that the caller was given is not to live on beside the next. */
  async #endLast(): Promise<void> {
    const last = this.#current;
    if (last === undefined) return;
    await last.close();
    this.#current = undefined;
    if (this.#clock.now() - this.#openedAt >= this.#stableAfter) this.#level = 0;
    else this.#level++;
  }

  async #attempt(): Promise<WebSocket | undefined> {
    let webSocket: WebSocket;
    try {
      webSocket = await this.#open();
    } catch (error) {
      this.#checkSignal();
      // What the caller did wrong stays wrong.
      const isFatal = !(error instanceof WebSocketError) || (this.#options.isFatal?.(error) ?? !isPassing(error));
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
    if (!this.#isOver) return webSocket;
    await webSocket.close();
    return undefined;
  }

  /** Until the next attempt, or until there is to be none. */
  async #wait(): Promise<void> {
    // The first wait has level 1 behind it, unless a stable connection has come to its end.
    const most = Math.min(this.#maxDelay, this.#baseDelay * 2 ** Math.max(this.#level - 1, 0));
    const response = this.#error instanceof HandshakeError ? this.#error.response : undefined;
    const delay = this.#random() * most + ((response && retryAfter(response.headers)) ?? 0);
    this.#options.onWait?.({ delay, failures: this.#failures, error: this.#error });
    this.#checkSignal();
    await new Promise<void>((resolve) => {
      const end = (): void => {
        patience.callOff();
        this.#wake = undefined;
        resolve();
      };
      const patience = new GiveUp(this.#options.signal, delay, this.#clock, end);
      this.#wake = end;
    });
  }

  #endWithSignal(webSocket: WebSocket): void {
    const { signal } = this.#options;
    if (signal === undefined) return;
    const end = (): void => void webSocket.close();
    if (signal.aborted) return end();
    signal.addEventListener('abort', end);
    void webSocket.closed.then(() => signal.removeEventListener('abort', end));
  }

  #checkSignal(): void {
    const { signal } = this.#options;
    if (signal?.aborted) throw signal.reason;
  }
}

function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!(value > 0)) throw new RangeError(`${name} must be greater than zero`);
  return value;
}
