import type { BytesLike } from '../../protocol/index.ts';
import { checkOptions, isLate } from '../../protocol/internal.ts';
import type { Clock, Wake } from '../clock.ts';
import { INSPECT, type Inspect } from '../socket/inspect.ts';
import { Attempts } from './attempts.ts';
import { hostClock } from './clock.ts';
import type { Engine, EngineMessage, EngineSink } from './engine.ts';
import { EngineLink, isMessage } from './engine-link.ts';
import { closed, NOT_STARTED, TopicsError } from './errors.ts';
import { HubMachine } from './hub/machine.ts';
import { Member, type Slow, type Subscription } from './hub/line.ts';
import { type Inside, INTERNAL, type Neighbour, type TapListener } from './inside.ts';
import { memoryEngine } from './memory-engine.ts';
import { Meter, type Metrics } from './metrics.ts';
import { checkKey, checkTopic, isLarger } from './names.ts';
import {
  HISTORY_OPTIONS,
  type HistoryOptions,
  checkTopicsOptions,
  PUBLISH_OPTIONS,
  PUBLISH_TIMEOUT,
  type PublishOptions,
  type ResolvedLimits,
  resolveTopicsLimits,
  SUBSCRIBE_OPTIONS,
  type SubscribeOptions,
  type TopicsOptions,
} from './options.ts';
import { drawText, positive, whole } from './numbers.ts';
import { Output } from './output.ts';
import { dataOf, type Subscriber } from './outlets/index.ts';
import { type Outlet, Tap } from './outlets/outlet.ts';
import { Permission } from './permission.ts';
import { formatPosition, parsePosition } from './position.ts';
import { Publisher } from './publisher.ts';
import type { History, Published, Subscribed } from './results.ts';
import { Roster } from './roster.ts';

/**
 * Topics: what is published reaches every socket that is subscribed, on this node and on every other that has the same
 * engine. In order, once, or told: see docs/guides/topics.md.
 */
export class Topics {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #limits: ResolvedLimits;
  readonly #slow: Slow;
  readonly #heartbeat: number;
  readonly #machine: HubMachine<Outlet>;
  readonly #output: Output;
  readonly #link: EngineLink;
  readonly #roster: Roster;
  readonly #permission: Permission;
  readonly #attempts: Attempts;
  readonly #publisher: Publisher;
  readonly #meter: Meter;
  /** A name that no other node has. */
  readonly #node: string;
  #state: 'new' | 'started' | 'closed';
  #wake: Wake | undefined;
  #neighbour: Neighbour | undefined;
  /** Those that listen inside. */
  #taps: number;

  /** @internal `createTopics` makes them. Throws a TypeError or RangeError for bad options. */
  constructor(given?: TopicsOptions) {
    const options = checkTopicsOptions(given);
    this.#engine = options.engine ?? memoryEngine();
    this.#clock = options.clock ?? hostClock;
    const { random = Math.random } = options;
    this.#random = () => random();
    this.#limits = resolveTopicsLimits(options.limits);
    this.#heartbeat = positive('heartbeat', options.heartbeat, 1000);
    const hasHistory = this.#engine.history !== undefined;
    this.#slow = options.slow ?? (hasHistory ? 'catch-up' : 'skip');
    this.#meter = new Meter(this.#clock);
    this.#output = new Output(options, this.#meter, this.#limits.subscriptions);
    this.#machine = new HubMachine({
      output: this.#output,
      hasHistory,
      mostHeld: this.#limits.held,
      mostHeldBytes: this.#limits.bytes,
    });
    const report = (error: unknown): void => this.#output.report(error);
    this.#link = this.#output.link = new EngineLink(this.#engine, this.#machine, this.#limits.page, report);
    this.#roster = new Roster(
      (member) => this.#machine.drained(member),
      (member) => this.#leave(member),
    );
    this.#permission = new Permission(options.authorize, this.#roster, this.#limits.subscriptions);
    this.#attempts = new Attempts();
    this.#publisher = new Publisher(this.#engine, this.#link, this.#machine, this.#clock, this.#limits, report);
    this.#node = drawText(this.#random, 16);
    this.#state = 'new';
    this.#wake = undefined;
    this.#neighbour = undefined;
    this.#taps = 0;
  }

  /**
   * Connects to the engine; resolves once it is there. Rejects with an EngineDownError when it can't be had (call it again then),
   * with a TopicsError when the hub is closed meanwhile, and with a TypeError when the engine is another hub's.
   */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new TypeError('a hub is started once');
    this.#state = 'started';
    const context = { clock: this.#clock, heartbeat: this.#heartbeat, node: this.#node, random: this.#random };
    const sink: EngineSink = {
      message: (message) => this.#receive(message),
      up: () => this.#changed(true, undefined),
      down: (reason) => this.#changed(false, reason),
      beat: () => this.#meter.beat(),
    };
    try {
      await this.#link.start(sink, context);
    } catch (error) {
      if (!this.#isClosed) this.#state = 'new';
      throw error;
    }
    this.#tick();
  }

  /**
   * Subscribes a socket to a topic; its end unsubscribes it. Resolves once the engine has confirmed, while it is down when it
   * is back. Rejects with a TypeError or RangeError for a bad topic, option or position, and with a TopicsError when it is
   * denied, over a limit, or the socket has ended.
   */
  async subscribe(ws: Subscriber, topic: string, given?: SubscribeOptions): Promise<Subscribed> {
    checkTopic(topic);
    const options = checkOptions('subscribe', SUBSCRIBE_OPTIONS, given);
    const since = options.since === undefined ? undefined : parsePosition(options.since);
    const member = this.#roster.enter(ws);
    this.#check(member);
    if (this.#permission.isAsked) {
      const attempt = this.#attempts.begin(ws, topic);
      try {
        await this.#permission.ask(member, topic, 'subscribe');
      } finally {
        this.#attempts.end(attempt);
      }
      this.#attempts.check(attempt);
      this.#check(member);
    }
    const isNew = this.#subscriptionOf(member, topic) === undefined;
    if (isNew && member.subscriptions.size >= this.#limits.subscriptions) {
      throw new TopicsError('limit', `a socket may have ${this.#limits.subscriptions} subscriptions`);
    }
    if (!this.#machine.lines.has(topic) && this.#machine.lines.size >= this.#limits.topics) {
      throw new TopicsError('limit', `a node may be subscribed to ${this.#limits.topics} topics`);
    }
    const slow = options.slow ?? this.#slow;
    return new Promise((resolve, reject) => {
      this.#output.expect(member, topic, resolve, reject);
      this.#machine.subscribe(member, topic, slow, since);
    });
  }

  /** Ends a socket's subscription to a topic, or all. One that has not begun is rejected with a TopicsError. Throws a TypeError for no socket. */
  unsubscribe(ws: Subscriber, topic?: string): void {
    this.#attempts.callOff(ws, topic);
    const member = this.#roster.get(ws);
    if (member === undefined) return;
    const one = topic === undefined ? undefined : this.#subscriptionOf(member, topic);
    const all = topic === undefined ? [...member.subscriptions.values()] : one === undefined ? [] : [one];
    for (const subscription of all) this.#end(subscription);
  }

  /**
   * Publishes a message. Resolves when the engine has it. Rejects with an EngineDownError when it was not done (at once, while
   * the engine is down: nothing is queued), and with an OutcomeUnknownError when nobody knows: try again with the same
   * `key`. Leave bytes alone.
   */
  async publish(topic: string, message: string | BytesLike, given?: PublishOptions): Promise<Published> {
    checkTopic(topic);
    const options = checkOptions('publish', PUBLISH_OPTIONS, given);
    const data = dataOf(message);
    if (isLarger(data, this.#limits.message)) {
      throw new RangeError(`a message may have ${this.#limits.message} bytes`);
    }
    const { key, compress = true, except, from } = options;
    if (key !== undefined) checkKey(key);
    const timeout = positive('timeout', options.timeout, PUBLISH_TIMEOUT);
    if (from !== undefined) await this.#permission.ask(this.#roster.enter(from), topic, 'publish');
    const excepted = except === undefined ? undefined : this.#roster.get(except);
    try {
      if (this.#isClosed) throw closed();
      const publication = { topic, data, key, compress, stamp: drawText(this.#random, 10) };
      const { receipt, delivered } = await this.#publisher.publish(publication, excepted, timeout);
      const published = { position: receipt === undefined ? undefined : formatPosition(receipt), delivered };
      this.#meter.published(undefined);
      this.#output.observe((observer) => observer.onPublish?.({ topic, error: undefined }));
      return published;
    } catch (error) {
      this.#meter.published(error);
      this.#output.observe((observer) => observer.onPublish?.({ topic, error }));
      throw error;
    }
  }

  /** What the engine keeps of a topic. Rejects with a TopicsError where it keeps nothing, is down, or the hub was closed. */
  async history(topic: string, given?: HistoryOptions): Promise<History> {
    checkTopic(topic);
    const options = checkOptions('history', HISTORY_OPTIONS, given);
    const since = options.since === undefined ? undefined : parsePosition(options.since);
    const limit = Math.min(whole('limit', options.limit, this.#limits.page), this.#limits.page);
    if (this.#engine.history === undefined) throw new TopicsError('unsupported', 'this engine keeps no history');
    if (this.#isClosed) throw closed();
    if (!this.#machine.isUp) throw this.#link.downError;
    const page = await this.#engine.history(topic, since, limit);
    return {
      messages: page.messages.map((message) => ({ data: message.data, position: formatPosition(message) })),
      hole: page.hole,
      more: page.more,
      position: formatPosition(page.position),
    };
  }

  /**
   * Ends every subscription for which `isRevoked` says true. Decisions of `authorize` that are under way are made again.
   * Returns how many it ended. Throws a TypeError for what is no function, and for a promise in place of an answer.
   */
  revoke(isRevoked: (ws: Subscriber, topic: string) => boolean): number {
    if (typeof isRevoked !== 'function') throw new TypeError('revoke takes a function');
    const revoked = (ws: Subscriber, topic: string): boolean => {
      const answer: unknown = isRevoked(ws, topic);
      if (isLate(answer)) throw new TypeError('revoke takes a function that answers at once, not by a promise');
      return Boolean(answer);
    };
    this.#permission.revoked();
    const error = new TopicsError('denied', 'the subscription was revoked');
    let count = 0;
    for (const member of this.#roster.values()) {
      for (const subscription of [...member.subscriptions.values()]) {
        if (!revoked(member.owner.ws as Subscriber, subscription.line.topic)) continue;
        this.#end(subscription, error);
        count++;
      }
    }
    return count + (this.#neighbour?.revoke(revoked) ?? 0);
  }

  /** The topics that sockets of this node are subscribed to. */
  topics(): string[] {
    return [...this.#machine.lines.keys()].filter((topic) => !topic.startsWith(INTERNAL));
  }

  /** The sockets of this node that are subscribed to a topic. */
  subscribers(topic: string): Subscriber[] {
    const line = this.#machine.lines.get(topic);
    return line === undefined ? [] : [...line.subscribers.values()].map(({ member }) => member.owner.ws as Subscriber);
  }

  /** The topics that a socket is subscribed to. */
  topicsOf(ws: Subscriber): string[] {
    const member = this.#roster.get(ws);
    return member === undefined ? [] : [...member.subscriptions.values()].map(({ line }) => line.topic);
  }

  /** What has been counted since the hub was made, and how it stands. */
  get metrics(): Metrics {
    const { lines, counts, held, subscriptions, isUp } = this.#machine;
    const [topics, others] = [lines.size - this.#taps, subscriptions - this.#taps];
    return this.#meter.read(counts, { topics, subscriptions: others, held, isUp });
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    const { topics, subscriptions, engine } = this.metrics;
    return { state: this.#state, isUp: engine.isUp, topics, subscriptions };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Topics ${inspect(this.toJSON(), options)}`;
  }

  /** Ends all subscriptions and the engine. The sockets stay open. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#state = 'closed';
    this.#wake?.cancel();
    await this.#neighbour?.close();
    for (const member of this.#roster.values()) {
      for (const subscription of [...member.subscriptions.values()]) this.#end(subscription);
    }
    this.#machine.down();
    await this.#link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal What presence stands on. */
  get inside(): Inside {
    return {
      clock: this.#clock,
      heartbeat: this.#heartbeat,
      node: this.#node,
      join: (neighbour) => {
        if (this.#isClosed) throw new TypeError('the hub was closed');
        if (this.#state === 'new') throw new TypeError(NOT_STARTED);
        if (this.#neighbour !== undefined) throw new TypeError('a hub has one presence');
        this.#neighbour = neighbour;
      },
      tap: (topic, told) => this.#tap(INTERNAL + topic, told),
      say: async (topic, data) => {
        const stamp = drawText(this.#random, 10);
        const publication = { topic: INTERNAL + topic, data, key: undefined, compress: false, isKept: false, stamp };
        await this.#publisher.publish(publication, undefined, 2 * this.#heartbeat);
      },
      admit: async (ws, topic, action) => {
        checkTopic(topic);
        const member = this.#roster.enter(ws);
        this.#check(member);
        await this.#permission.ask(member, topic, action);
        this.#check(member);
      },
      report: (error) => this.#output.report(error),
    };
  }

  #tap(topic: string, told: TapListener): () => void {
    const tap = new Tap(
      ({ data }) => void (typeof data === 'string' && told.message(data)),
      () => told.gap(),
    );
    const member = new Member<Outlet>(tap);
    this.#output.expect(
      member,
      topic,
      () => told.opened(),
      (error) => told.refused(error),
    );
    this.#taps++;
    const subscription = this.#machine.subscribe(member, topic, 'send');
    return () => {
      this.#taps--;
      if (!subscription.isOver) this.#end(subscription);
    };
  }

  #receive(message: EngineMessage): void {
    if (this.#state !== 'started') return;
    if (isMessage(message, this.#engine.history !== undefined)) this.#guard(() => this.#machine.message(message));
    else this.#meter.malformed++;
  }

  #changed(isUp: boolean, reason: Error | undefined): void {
    if (this.#state !== 'started' || isUp === this.#machine.isUp) return;
    this.#meter.changed(isUp);
    this.#guard(() => (isUp ? this.#machine.up() : this.#machine.down()));
    if (isUp) this.#guard(() => this.#neighbour?.up());
    this.#output.observe((observer) => observer.onEngine?.({ isUp, reason }));
  }

  /** What goes wrong here must not end the engine's loop. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#output.report(error);
    }
  }

  #tick(): void {
    if (this.#state !== 'started') return;
    this.#guard(() => this.#machine.tick());
    this.#wake = this.#clock.wakeAt(this.#clock.now() + this.#heartbeat, () => this.#tick());
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #subscriptionOf(member: Member<Outlet>, topic: string): Subscription<Outlet> | undefined {
    return this.#machine.lines.get(topic)?.subscribers.get(member);
  }

  #check(member: Member<Outlet>): void {
    if (this.#isClosed) throw closed();
    if (this.#state === 'new') throw new TopicsError('closed', NOT_STARTED);
    if (!member.owner.isOpen) throw new TopicsError('gone', 'the socket has ended');
  }

  #end(subscription: Subscription<Outlet>, error?: TopicsError): void {
    this.#machine.unsubscribe(subscription);
    // An error, with its stack, only for those who wait.
    if (!this.#output.isAwaited(subscription)) return;
    const gone = this.#isClosed ? closed() : new TopicsError('gone', 'unsubscribed before it began');
    this.#output.failed(subscription, error ?? gone);
  }

  #leave(member: Member<Outlet>): void {
    this.#machine.leave(member);
    this.#output.left(member, new TopicsError('gone', 'the socket has ended'));
    this.#guard(() => this.#neighbour?.left(member.owner.ws));
  }
}
