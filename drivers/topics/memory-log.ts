import { checkOptions, LIMIT, type OptionTable, resolveLimit } from '../../protocol/internal.ts';
import type { Clock } from '../clock.ts';
import type { EngineMessage, EnginePublishOptions, EngineReceipt, Hole, Page, TopicData } from './engine.ts';
import { costOf } from './names.ts';
import type { Place } from './position.ts';

/** What `memoryEngine` keeps. */
export interface MemoryLogOptions {
  /** Messages of a topic. Default 1,000; `false` or 0: none. */
  history?: number | false | undefined;
  /** Milliseconds that a message is kept. Default 5 min; `false` or 0: for as long as there is room. */
  ttl?: number | false | undefined;
  /** Bytes of all messages, each counted with 256 more. Beyond them the topics that were published to longest ago lose theirs. Default 64 MiB. */
  maxBytes?: number | false | undefined;
}

/** The most bytes of a page; a single message may be larger. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** How long and how many keys of publishes are remembered. */
const KEY_TTL = 120_000;
const MOST_KEYS = 10_000;

const OPTIONS: OptionTable<MemoryLogOptions> = { history: LIMIT, ttl: LIMIT, maxBytes: LIMIT };

export function resolveMemoryLogOptions(given: MemoryLogOptions | undefined): Required<MemoryLogOptions> {
  const options = checkOptions('memoryEngine', OPTIONS, given);
  const { history } = options;
  return {
    history: history === false || history === 0 ? 0 : resolveLimit('history', history, 1000),
    ttl: resolveLimit('ttl', options.ttl, 300_000),
    maxBytes: resolveLimit('maxBytes', options.maxBytes, 64 * 1024 * 1024),
  };
}

interface Entry {
  readonly message: EngineMessage;
  readonly at: number;
  readonly size: number;
}

/** A topic: where it is, and what is kept of it. */
class Topic {
  epoch: string;
  offset: number;
  stamp: string;
  /** Oldest first, from `start` on. */
  entries: Entry[];
  start: number;
  isFollowed: boolean;

  constructor(epoch: string) {
    this.epoch = epoch;
    this.offset = 0;
    this.stamp = '';
    this.entries = NONE;
    this.start = 0;
    this.isFollowed = false;
  }

  get count(): number {
    return this.entries.length - this.start;
  }

  add(entry: Entry): void {
    if (this.entries === NONE) this.entries = [];
    this.entries.push(entry);
  }

  /** Drops the oldest. Returns its size. */
  drop(): number {
    const { size } = this.entries[this.start];
    this.start++;
    if (this.start * 2 > this.entries.length) {
      this.entries = this.start === this.entries.length ? NONE : this.entries.slice(this.start);
      this.start = 0;
    }
    return size;
  }
}

/** Shared by all topics that keep nothing; never added to. */
const NONE: Entry[] = [];

/** The topics of an engine in memory. */
export class MemoryLog {
  readonly #history: number;
  readonly #ttl: number;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** A topic that is followed and was never published to is no more than its epoch. */
  readonly #topics: Map<string, Topic | string>;
  /** Those that keep something, the one that was published to longest ago first. */
  readonly #keeping: Map<string, Topic>;
  readonly #keys: Map<string, { readonly receipt: EngineReceipt; readonly at: number }>;
  #bytes: number;
  /** That of topics which are new: another one as soon as anything was forgotten, for it may have been theirs. */
  #epoch: string;

  constructor(options: Required<MemoryLogOptions>, clock: Clock, random: () => number) {
    this.#history = Number(options.history);
    this.#ttl = Number(options.ttl);
    this.#maxBytes = Number(options.maxBytes);
    this.#clock = clock;
    this.#random = random;
    this.#topics = new Map();
    this.#keeping = new Map();
    this.#keys = new Map();
    this.#bytes = 0;
    this.#epoch = this.#newEpoch();
  }

  publish(
    name: string,
    data: TopicData,
    { stamp, key, compress, isKept = true }: EnginePublishOptions,
  ): { receipt: EngineReceipt; message: EngineMessage | undefined } {
    this.#expire();
    const known = key === undefined ? undefined : this.#keys.get(`${name}\n${key}`);
    if (known !== undefined) return { receipt: { ...known.receipt, repeated: true }, message: undefined };
    const topic = this.#make(name);
    const { epoch, offset: previous, stamp: after } = topic;
    topic.offset++;
    topic.stamp = stamp;
    const message = { topic: name, data, compress, epoch, offset: topic.offset, stamp, previous, after };
    const receipt = { epoch, offset: topic.offset, stamp, previous, after };
    if (key !== undefined) this.#keys.set(`${name}\n${key}`, { receipt, at: this.#clock.now() });
    if (isKept) this.#keep(name, topic, message);
    else this.#keepNothing(name, topic);
    return { receipt, message: { ...message } };
  }

  follow(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) this.#topics.set(name, this.#epoch);
    else if (typeof topic !== 'string') topic.isFollowed = true;
  }

  unfollow(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    if (typeof topic === 'string') return void this.#topics.delete(name);
    topic.isFollowed = false;
    this.#forget(name, topic);
  }

  isFollowed(name: string): boolean {
    const topic = this.#topics.get(name);
    return typeof topic === 'string' || topic?.isFollowed === true;
  }

  head(name: string): Place {
    const { epoch, offset, stamp } = this.#look(name);
    return { epoch, offset, stamp };
  }

  page(name: string, since: Place | undefined, limit: number): Page {
    this.#expire();
    const topic = this.#look(name);
    this.#expireOf(topic);
    const { entries, start, epoch, offset, stamp } = topic;
    const hole = since === undefined ? undefined : this.#holeAfter(topic, since);
    const from = since === undefined || since.epoch !== epoch ? 0 : since.offset;
    const oldest = offset - topic.count;
    const messages: EngineMessage[] = [];
    let bytes = 0;
    let at = start + Math.max(from - oldest, 0);
    for (; at < entries.length && messages.length < limit && bytes < PAGE_BYTES; at++) {
      messages.push(entries[at].message);
      bytes += entries[at].size;
    }
    return { messages, hole, more: at < entries.length, position: { epoch, offset, stamp } };
  }

  #holeAfter(topic: Topic, since: Place): Hole | undefined {
    const { epoch, offset, stamp, count, entries, start } = topic;
    if (since.epoch !== epoch) return 'forgotten';
    if (since.offset > offset) return 'rewritten';
    if (since.offset < offset - count) return 'trimmed';
    if (since.stamp === '' || since.offset === 0) return undefined;
    const oldest = offset - count;
    const there =
      since.offset === offset ? stamp : since.offset > oldest ? stampAt(entries, start, since, oldest) : since.stamp;
    return there === since.stamp ? undefined : 'rewritten';
  }

  /** A topic as it is; one that there isn't is not made by looking at it. */
  #look(name: string): Topic {
    const topic = this.#topics.get(name);
    return topic instanceof Topic ? topic : new Topic(topic ?? this.#epoch);
  }

  #make(name: string): Topic {
    const known = this.#topics.get(name);
    if (known instanceof Topic) return known;
    const topic = new Topic(known ?? this.#epoch);
    topic.isFollowed = known !== undefined;
    this.#topics.set(name, topic);
    return topic;
  }

  #newEpoch(): string {
    return this.#random().toString(36).slice(2, 12).padEnd(4, '0');
  }

  #keep(name: string, topic: Topic, message: EngineMessage): void {
    if (this.#history === 0) return this.#keepNothing(name, topic);
    const { data } = message;
    const size = costOf(data);
    topic.add({ message, at: this.#clock.now(), size });
    this.#bytes += size;
    if (topic.count > this.#history) this.#bytes -= topic.drop();
    this.#keeping.delete(name);
    this.#keeping.set(name, topic);
    while (this.#bytes > this.#maxBytes) this.#dropOldest();
  }

  /** What was kept before is of no use without what is not kept now. */
  #keepNothing(name: string, topic: Topic): void {
    while (topic.count > 0) this.#bytes -= topic.drop();
    this.#forget(name, topic);
  }

  #dropOldest(): void {
    for (const [name, topic] of this.#keeping) {
      this.#bytes -= topic.drop();
      if (topic.count === 0) this.#forget(name, topic);
      return;
    }
  }

  /** What has been kept long enough goes: of the topics that were published to longest ago, until one keeps something. */
  #expire(): void {
    for (const [name, topic] of this.#keeping) {
      this.#expireOf(topic);
      if (topic.count > 0) break;
      this.#forget(name, topic);
    }
    const oldKeys = this.#clock.now() - KEY_TTL;
    for (const [key, { at }] of this.#keys) {
      if (at >= oldKeys && this.#keys.size <= MOST_KEYS) break;
      this.#keys.delete(key);
    }
  }

  #expireOf(topic: Topic): void {
    const limit = this.#clock.now() - this.#ttl;
    while (topic.count > 0 && topic.entries[topic.start].at < limit) this.#bytes -= topic.drop();
  }

  /** A topic that keeps nothing, and that nobody follows, begins anew when it is named again. */
  #forget(name: string, topic: Topic): void {
    if (topic.count > 0) return;
    this.#keeping.delete(name);
    if (topic.isFollowed) return;
    this.#topics.delete(name);
    this.#epoch = this.#newEpoch();
  }
}

function stampAt(entries: readonly Entry[], start: number, { offset }: Place, oldest: number): string {
  return entries[start + offset - oldest - 1].message.stamp;
}
