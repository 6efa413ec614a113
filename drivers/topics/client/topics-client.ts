import {
  always,
  checkOptions,
  FUNCTION,
  nameOf,
  NUMBER,
  type OptionTable,
  printable,
  STRING,
} from '../../../protocol/internal.ts';
import { type Clock, type Wake, wakeAtDeadline } from '../../clock.ts';
import { INSPECT, type Inspect } from '../../socket/inspect.ts';
import { callOut, complain } from '../callbacks.ts';
import { CLOCK, hostClock } from '../clock.ts';
import { positive } from '../numbers.ts';
import { readSaid, type Said, TopicsClientError } from './said.ts';

/** What of a connection is used here: the promise API's `WebSocket` has it. */
export interface ClientSocket extends AsyncIterable<string | Uint8Array> {
  send(message: string): Promise<unknown>;
  close(): Promise<unknown>;
}

/** What was missed of a topic. */
export interface ClientGap {
  /** As the hub's `onGap` was told; `'outage'` too after a connection was lost, where the engine has no positions to resume from. */
  readonly reason: string;
}

/** What is called with a topic's messages, in order. */
export type TopicListener = (message: unknown, position: string | undefined) => void;

export interface TopicsClientOptions {
  /** Something was missed: called before the message that follows. */
  onGap?(topic: string, gap: ClientGap): void;
  /**
   * A listener threw, the server said something that makes no sense, or it refused to go on with a subscription after a connection was
   * lost: that one is over, and the TopicsClientError has its `topic`. Default: it goes to the console.
   */
  onError?(error: unknown): void;
  /** Time. Default: the runtime's. */
  clock?: Clock | undefined;
}

const OPTIONS: OptionTable<TopicsClientOptions> = { onGap: FUNCTION, onError: FUNCTION, clock: CLOCK };
const SUBSCRIBE: OptionTable<{ since?: string }> = { since: always(STRING) };
const PUBLISH: OptionTable<{ key?: string; timeout?: number }> = { key: always(STRING), timeout: always(NUMBER) };

/** How long a publish waits for its answer, in milliseconds: longer than a hub waits for its engine. */
const PUBLISH_TIMEOUT = 10_000;

interface Waiter {
  /** Characters of the request. */
  readonly size: number;
  /** Until when it waits, if not for ever. */
  readonly deadline: Wake;
  resolve(said: Said): void;
  reject(error: Error): void;
}

interface Subscription {
  readonly listener: TopicListener;
  /** Where it is: that of the newest message, or of where it began. */
  position: string | undefined;
  /** Who waits until it has begun for the first time. */
  waiter: { resolve(begun: Pick<Said, 'position'>): void; reject(error: Error): void } | undefined;
}

/** The most requests that wait for an answer, and so the most subscriptions: a new connection asks for all of them at once. */
const MOST_WAITING = 10_000;
/** And the most characters of them; a single one may be longer. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** What a server can't do for now, and the one of the next connection may. */
const PASSING = new Set(['closed', 'down', 'gone']);

export class TopicsClient {
  readonly #options: TopicsClientOptions;
  readonly #clock: Clock;
  readonly #connections: AsyncIterator<ClientSocket>;
  readonly #subscriptions: Map<string, Subscription>;
  /** Topics whose end the server has not confirmed: what still comes of them is for nobody, and who subscribes anew waits. */
  readonly #leaving: Map<string, object>;
  /** What was asked over the present connection. */
  readonly #asked: Map<number, Waiter>;
  #connection: ClientSocket | undefined;
  #characters: number;
  #requests: number;
  #isClosed: boolean;
  /** Resolves when the connections have ended, or `close` was called; rejects with what ended them. */
  readonly closed: Promise<void>;

  /** @internal `topicsClient` makes them. */
  constructor(connections: AsyncIterable<ClientSocket>, options?: TopicsClientOptions) {
    if (typeof connections?.[Symbol.asyncIterator] !== 'function') {
      throw new TypeError('expected connections to iterate over: open.reconnecting(url)');
    }
    const { send, close } = connections as Partial<ClientSocket>;
    // Its messages would be taken for connections.
    if (typeof send === 'function' && typeof close === 'function') {
      throw new TypeError('expected connections, one after the other, and not a single one: open.reconnecting(url)');
    }
    this.#options = checkOptions('topicsClient', OPTIONS, options);
    this.#clock = this.#options.clock ?? hostClock;
    this.#connections = connections[Symbol.asyncIterator]();
    this.#subscriptions = new Map();
    this.#leaving = new Map();
    this.#asked = new Map();
    this.#connection = undefined;
    this.#characters = 0;
    this.#requests = 0;
    this.#isClosed = false;
    this.closed = this.#run();
    // Whoever awaits it is told; nobody has to.
    this.closed.catch(() => {});
  }

  /**
   * Listens to a topic, for as long as `unsubscribe` isn't called, over all connections to come. `since`: only what followed
   * this position. Resolves when it has begun. Rejects with a TopicsClientError when the server refuses, and the
   * subscription is over then; of kind `'limit'` when there are 10,000 already. Rejects with a TypeError for a misuse.
   */
  subscribe(
    topic: string,
    listener: TopicListener,
    options?: { since?: string },
  ): Promise<{ position: string | undefined }> {
    let since: string | undefined;
    try {
      ({ since } = checkOptions('subscribe', SUBSCRIBE, options));
      if (typeof topic !== 'string') throw new TypeError(`a topic must be a string, not ${nameOf(topic)}`);
      if (typeof listener !== 'function') throw new TypeError(`a listener must be a function, not ${nameOf(listener)}`);
    } catch (error) {
      return Promise.reject(error as TypeError);
    }
    if (this.#isClosed) return Promise.reject(new TopicsClientError('closed', 'the client was closed'));
    if (this.#subscriptions.has(topic)) return Promise.reject(new TypeError('already subscribed to this topic'));
    if (this.#subscriptions.size >= MOST_WAITING) {
      return Promise.reject(new TopicsClientError('limit', `a client may have ${MOST_WAITING} subscriptions`));
    }
    return overtaken((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#subscriptions.set(topic, { listener, position: since, waiter });
      if (this.#connection !== undefined && !this.#leaving.has(topic)) this.#resume(topic);
    });
  }

  unsubscribe(topic: string): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription === undefined) return;
    this.#subscriptions.delete(topic);
    subscription.waiter?.reject(new TopicsClientError('closed', 'unsubscribed before it began'));
    if (this.#connection !== undefined && !this.#leaving.has(topic)) this.#leave(topic);
  }

  /**
   * Publishes what JSON can say. Resolves when the engine has it. Rejects with a TopicsClientError: `'lost'` when there is no
   * connection, or it ended before the answer, and `'timeout'` when no answer came in `timeout` milliseconds (10 s): try again with
   * the same `key`.
   */
  publish(
    topic: string,
    message: unknown,
    options?: { key?: string; timeout?: number },
  ): Promise<{ position: string | undefined }> {
    let key: string | undefined;
    let timeout: number | undefined;
    try {
      ({ key, timeout } = checkOptions('publish', PUBLISH, options));
      timeout = positive('timeout', timeout, PUBLISH_TIMEOUT);
    } catch (error) {
      return Promise.reject(error as TypeError);
    }
    const answer = this.#ask({ publish: topic, message, key }, false, timeout);
    return overtaken((resolve, reject) => void answer.then(({ position }) => resolve({ position }), reject));
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    const state = this.#isClosed ? 'closed' : this.#connection === undefined ? 'waiting' : 'connected';
    return { state, subscriptions: this.#subscriptions.size, underWay: this.#asked.size };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `TopicsClient ${inspect(this.toJSON(), options)}`;
  }

  /** Ends the connection, and makes no other. */
  async close(): Promise<void> {
    this.#end(new TopicsClientError('closed', 'the client was closed'));
    this.#connection?.close().catch(() => {});
    await this.#connections.return?.();
    await this.closed.catch(() => {});
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isClosed) {
        const { done, value } = await this.#connections.next();
        if (done === true) break;
        // It was closed while this one was opened.
        if (this.#isClosed) await value.close();
        else await this.#use(value);
      }
    } finally {
      this.#end(new TopicsClientError('closed', 'there is no other connection'));
    }
  }

  async #use(connection: ClientSocket): Promise<void> {
    this.#connection = connection;
    this.#leaving.clear();
    for (const [topic, subscription] of [...this.#subscriptions]) {
      // It has begun, and nobody can tell what came since.
      const isLost = subscription.waiter === undefined && subscription.position === undefined;
      if (isLost) this.#call(() => this.#options.onGap?.(topic, { reason: 'outage' }));
      if (this.#subscriptions.get(topic) === subscription) this.#resume(topic);
    }
    try {
      for await (const message of connection) this.#hear(message);
    } catch {
      // However it ended, there is another to come, or the iterator tells why not.
    } finally {
      this.#connection = undefined;
      this.#rejectAsked(new TopicsClientError('lost', 'the connection ended before the answer'));
    }
  }

  /** Goes on where it was. */
  #resume(topic: string): void {
    const subscription = this.#subscriptions.get(topic)!;
    const connection = this.#connection;
    this.#ask({ subscribe: topic, since: subscription.position }).then(
      ({ position }) => {
        // Messages may have come before the answer.
        subscription.position ??= position;
        subscription.waiter?.resolve({ position });
        subscription.waiter = undefined;
      },
      (error: TopicsClientError) => {
        if (error.kind === 'lost' || this.#subscriptions.get(topic) !== subscription) return;
        const { waiter } = subscription;
        // A hub that is closed before its server, say: it goes on where it was, over the next connection.
        if (waiter === undefined && PASSING.has(error.kind)) return void connection?.close().catch(() => {});
        this.#subscriptions.delete(topic);
        const refused = new TopicsClientError(error.kind, `${printable(topic)}: ${error.message}`, topic);
        if (waiter !== undefined) waiter.reject(refused);
        else this.#report(refused);
      },
    );
  }

  #leave(topic: string): void {
    const leaving = {};
    this.#leaving.set(topic, leaving);
    const left = (): void => {
      if (this.#leaving.get(topic) !== leaving) return;
      this.#leaving.delete(topic);
      if (this.#subscriptions.has(topic)) this.#resume(topic);
    };
    this.#ask({ unsubscribe: topic }, true).then(left, left);
  }

  #hear(message: string | Uint8Array): void {
    let said: Said;
    try {
      said = readSaid(message);
    } catch (error) {
      return this.#report(error);
    }
    if (said.done !== undefined) this.#answer(said.done, said);
    else if (said.topic !== undefined) this.#call(() => this.#tell(said.topic!, said));
  }

  #answer(request: number, said: Said): void {
    if (said.error === undefined) this.#take(request)?.resolve(said);
    else this.#take(request)?.reject(said.error);
  }

  /** Whoever has asked this waits no longer. */
  #take(request: number): Waiter | undefined {
    const waiter = this.#asked.get(request);
    if (waiter === undefined) return undefined;
    this.#asked.delete(request);
    this.#characters -= waiter.size;
    waiter.deadline.cancel();
    return waiter;
  }

  #tell(topic: string, { message, position, gap }: Said): unknown {
    const subscription = this.#subscriptions.get(topic);
    if (subscription === undefined || this.#leaving.has(topic)) return undefined;
    if (gap !== undefined) return this.#options.onGap?.(topic, { reason: gap });
    subscription.position = position ?? subscription.position;
    return subscription.listener(message, position);
  }

  /** What `always` is said is bounded otherwise: by what it ends. */
  #ask(request: object, always = false, timeout = Infinity): Promise<Said> {
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new TopicsClientError('closed', 'the client was closed'));
      if (this.#connection === undefined)
        return reject(new TopicsClientError('lost', 'there is no connection: try again when there is one'));
      const text = JSON.stringify({ ...request, id });
      const isTooLong = this.#characters > 0 && this.#characters + text.length > MOST_CHARACTERS;
      if (!always && (this.#asked.size >= MOST_WAITING || isTooLong))
        return reject(new TopicsClientError('limit', 'too much waits for an answer'));
      const late = (): void =>
        this.#take(id)?.reject(new TopicsClientError('timeout', `no answer came within ${timeout} ms`));
      const deadline = wakeAtDeadline(this.#clock, this.#clock.now() + timeout, late);
      this.#asked.set(id, { resolve, reject, size: text.length, deadline });
      this.#characters += text.length;
      this.#say(text);
    });
  }

  #say(text: string): void {
    // That the connection ends first is told by its end.
    this.#connection?.send(text).catch(() => {});
  }

  #rejectAsked(error: TopicsClientError): void {
    for (const request of [...this.#asked.keys()]) this.#take(request)?.reject(error);
  }

  #end(error: TopicsClientError): void {
    this.#isClosed = true;
    for (const { waiter } of this.#subscriptions.values()) waiter?.reject(error);
    this.#subscriptions.clear();
    this.#rejectAsked(error);
  }

  /** Calls what is the application's: what it throws, now or in a promise, is told. */
  #call(callback: () => unknown): void {
    callOut(callback, (error) => this.#report(error));
  }

  #report(error: unknown): void {
    const { onError } = this.#options;
    if (onError === undefined) return complain(error);
    callOut(
      () => onError.call(this.#options, error),
      (failure) => complain(new AggregateError([error, failure], 'onError failed')),
    );
  }
}

/**
 * A promise that whoever awaits it sees rejected, and nobody needs to where the end of a connection, or of the client, has
 * overtaken it: that is not to become an "unhandled rejection", which ends a Node process.
 */
function overtaken<T>(start: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
  const promise = new Promise<T>((resolve, reject) => {
    start(resolve, (error) => {
      reject(error);
      const { kind } = error as Partial<TopicsClientError>;
      if (kind === 'lost' || kind === 'closed') void Promise.resolve().then(() => promise.catch(() => {}));
    });
  });
  return promise;
}
