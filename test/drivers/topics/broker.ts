/** An engine that several hubs share, on a virtual clock, and that fails in every way when it is told to. */
import { LogModel } from '../../../fuzz/topics/model.ts';
import type { Clock } from '../../../drivers/clock.ts';
import {
  EngineDownError,
  type Engine,
  type EngineContext,
  type EngineMessage,
  type EnginePublishOptions,
  type EngineReceipt,
  type EngineSink,
  OutcomeUnknownError,
  type Page,
  type Place,
  type TopicData,
} from '../../../drivers/topics/index.ts';

/** Milliseconds that anything takes one way, and until a lost link is there again. */
const LATENCY = 1;
const REDIAL = 20;

export class Broker {
  readonly clock: Clock;
  readonly links = new Set<BrokerEngine>();
  isUp = true;
  /** How many messages of a topic it keeps. */
  history = 100;
  /** Milliseconds that a message takes to a hub: answers have a connection of their own, and may come before it. */
  pushLatency = LATENCY;
  /** How often something was published, and history asked. */
  published = 0;
  asked = 0;
  readonly #logs = new Map<string, LogModel>();
  readonly #keys = new Map<string, EngineMessage>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  engine(): BrokerEngine {
    return new BrokerEngine(this);
  }

  log(topic: string): LogModel {
    const log = this.#logs.get(topic) ?? new LogModel(topic);
    this.#logs.set(topic, log);
    return log;
  }

  publish(
    topic: string,
    data: TopicData,
    { stamp, key, compress, isKept = true }: EnginePublishOptions,
  ): EngineReceipt {
    const known = key === undefined ? undefined : this.#keys.get(`${topic} ${key}`);
    if (known !== undefined) return { ...known, repeated: true };
    this.published++;
    const message = this.log(topic).publish(data, stamp, compress);
    if (key !== undefined) this.#keys.set(`${topic} ${key}`, message);
    this.log(topic).trim(isKept ? this.history : 0);
    for (const link of this.links) link.push(message);
    return message;
  }

  /** Ends it, and every link with it. */
  kill(): void {
    this.isUp = false;
    for (const link of this.links) link.cut();
  }

  restart({ empty = false } = {}): void {
    if (empty) this.clear();
    this.isUp = true;
  }

  clear(): void {
    for (const log of this.#logs.values()) log.clear();
    this.#keys.clear();
  }

  failOver(lost: number): void {
    this.kill();
    for (const log of this.#logs.values()) log.failOver(lost);
    this.restart();
  }
}

/** One hub's link to it. */
export class BrokerEngine implements Engine {
  readonly #broker: Broker;
  readonly #topics = new Set<string>();
  #opening: (() => void)[] = [];
  #sink: EngineSink | undefined;
  #heartbeat = 0;
  #isUp = false;
  #isSilent = false;
  /** Counts the links: what belongs to one that is lost is lost. */
  #link = 0;
  #isClosed = false;
  #pending = new Set<(error: Error) => void>();

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  async start(sink: EngineSink, { heartbeat }: EngineContext): Promise<void> {
    this.#sink = sink;
    this.#heartbeat = heartbeat;
    this.#broker.links.add(this);
    if (!this.#broker.isUp) throw new Error('refused');
    this.#connect();
  }

  publish(topic: string, data: TopicData, options: EnginePublishOptions): Promise<EngineReceipt> {
    return this.#call(() => this.#broker.publish(topic, data, options));
  }

  async subscribe(topic: string): Promise<void> {
    this.#topics.add(topic);
    // What is lost with the link is confirmed when there is another.
    await this.#call(() => undefined).catch(() => new Promise<void>((resolve) => this.#opening.push(resolve)));
  }

  unsubscribe(topic: string): void {
    this.#topics.delete(topic);
  }

  heads(topics: readonly string[]): Promise<Place[]> {
    return this.#call(() => topics.map((topic) => this.#broker.log(topic).head));
  }

  history(topic: string, since: Place | undefined, limit: number): Promise<Page> {
    this.#broker.asked++;
    return this.#call(() => this.#broker.log(topic).page(since, limit));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#link++;
    this.#broker.links.delete(this);
  }

  /** The link is lost, and known to be; it is there again in a while, if the broker is. */
  cut(): void {
    this.#link++;
    this.#isSilent = false;
    for (const reject of this.#pending) reject(new OutcomeUnknownError('the link was lost'));
    this.#pending.clear();
    if (this.#isUp) {
      this.#isUp = false;
      this.#sink!.down(new Error('cut'));
    }
    this.#redial();
  }

  /** The link swallows everything, until heartbeats are missed. */
  silence(): void {
    if (!this.#isUp || this.#isSilent) return;
    this.#isSilent = true;
    const link = this.#link;
    this.#after(2 * this.#heartbeat, () => {
      if (link === this.#link) this.cut();
    });
  }

  /** Nothing comes or goes any more, and it is never there again: a node that has died. */
  die(): void {
    this.#isSilent = true;
    this.#isClosed = true;
    this.#broker.links.delete(this);
  }

  /** A message that was published, on its way to this hub. */
  push(message: EngineMessage): void {
    if (!this.#isUp || !this.#topics.has(message.topic)) return;
    const link = this.#link;
    this.#after(this.#broker.pushLatency, () => {
      if (link === this.#link && !this.#isSilent) this.#sink!.message({ ...message });
    });
  }

  #redial(): void {
    const link = this.#link;
    this.#after(REDIAL, () => {
      if (this.#isClosed || link !== this.#link) return;
      if (this.#broker.isUp) this.#connect();
      else this.#redial();
    });
  }

  #connect(): void {
    this.#isUp = true;
    for (const opened of this.#opening) opened();
    this.#opening = [];
    this.#sink!.up();
  }

  /** What is asked of the broker: done when it arrives there, known when the answer is back. */
  #call<T>(work: () => T): Promise<T> {
    if (!this.#isUp) return Promise.reject(new EngineDownError('the link is down'));
    const link = this.#link;
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      this.#after(LATENCY, () => {
        if (link !== this.#link || this.#isSilent) return;
        const result = work();
        this.#after(LATENCY, () => {
          if (link !== this.#link || this.#isSilent) return;
          this.#pending.delete(reject);
          resolve(result);
        });
      });
    });
  }

  #after(milliseconds: number, callback: () => void): void {
    const { clock } = this.#broker;
    clock.wakeAt(clock.now() + milliseconds, callback);
  }
}
