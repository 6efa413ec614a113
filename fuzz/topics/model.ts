/** An engine in a few lines, one topic of it: what the machine is judged by. */
import type { EngineMessage, Page, TopicData } from '../../drivers/topics/engine.ts';
import type { Place } from '../../drivers/topics/position.ts';

export const TOPIC = 't';

export class LogModel {
  readonly #topic: string;
  #epochs = 1;
  #stamps = 0;
  epoch = 'e1';
  messages: EngineMessage[] = [];
  /** How many of the oldest are no longer kept. */
  trimmed = 0;
  /** What a failover has lost: nobody can know of them who has not seen them. */
  readonly erased = new Set<TopicData>();

  constructor(topic = TOPIC) {
    this.#topic = topic;
  }

  publish(data: TopicData, stamp = `s${++this.#stamps}`, compress = true): EngineMessage {
    const last = this.messages.at(-1);
    const offset = this.messages.length + 1;
    const message: EngineMessage = {
      topic: this.#topic,
      data,
      compress,
      epoch: this.epoch,
      offset,
      stamp,
      previous: offset - 1,
      after: last?.stamp ?? '',
    };
    this.messages.push(message);
    return message;
  }

  /** Everything is lost, and a new epoch begins. */
  clear(): void {
    this.epoch = `e${++this.#epochs}`;
    this.messages = [];
    this.trimmed = 0;
  }

  /** A replica takes over that lacks the newest messages. */
  failOver(lost: number): void {
    for (const { data } of this.messages.splice(Math.max(this.messages.length - lost, 0))) this.erased.add(data);
    this.trimmed = Math.min(this.trimmed, this.messages.length);
  }

  trim(kept: number): void {
    this.trimmed = Math.max(this.trimmed, this.messages.length - kept);
  }

  has({ stamp }: EngineMessage): boolean {
    return this.messages.some((message) => message.stamp === stamp);
  }

  get head(): Place {
    const last = this.messages.at(-1);
    return { epoch: this.epoch, offset: this.messages.length, stamp: last?.stamp ?? '' };
  }

  page(since: Place | undefined, limit: number): Page {
    const from = since === undefined || since.epoch !== this.epoch ? 0 : since.offset;
    const kept = this.messages.slice(this.trimmed).filter(({ offset }) => offset > from);
    const messages = kept.slice(0, limit).map((message) => ({ ...message }));
    return { messages, hole: this.#holeAfter(since), more: kept.length > limit, position: this.head };
  }

  #holeAfter(since: Place | undefined): Page['hole'] {
    if (since === undefined) return undefined;
    if (since.epoch !== this.epoch) return 'forgotten';
    if (since.offset > this.messages.length) return 'rewritten';
    if (since.offset < this.trimmed) return 'trimmed';
    const there = this.messages[since.offset - 1];
    return there === undefined || since.stamp === '' || there.stamp === since.stamp ? undefined : 'rewritten';
  }

  describe(): string {
    return [this.epoch, this.trimmed, ...this.messages.map(({ data }) => data)].join();
  }
}
