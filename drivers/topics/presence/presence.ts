import {
  checkOptions,
  FUNCTION,
  LIMIT,
  nameOf,
  optionsOf,
  type OptionTable,
  resolveLimit,
} from '../../../protocol/internal.ts';
import type { Wake } from '../../clock.ts';
import { INSPECT, type Inspect } from '../../socket/inspect.ts';
import { Attempts } from '../attempts.ts';
import { callOut } from '../callbacks.ts';
import { closed, TopicsError } from '../errors.ts';
import type { Inside } from '../inside.ts';
import { checkTopic, isLarger } from '../names.ts';
import { checkSubscriber, type Subscriber } from '../outlets/index.ts';
import type { Topics } from '../topics.ts';
import { PresenceMachine } from './machine.ts';
import type { PresenceEntry } from './message.ts';

/** Who has come to a topic, and who has left it, on whichever node. */
export interface PresenceChange<Info = unknown> {
  readonly came: readonly PresenceEntry<Info>[];
  readonly left: readonly PresenceEntry<Info>[];
}

/** Limits of presence; zero or `false` turns one off. */
export interface PresenceLimits {
  /** Topics that one socket may be in. Default 100. */
  topics?: number | false | undefined;
  /** Bytes of what an entry brings, as JSON. Default 1,024. */
  info?: number | false | undefined;
  /** Entries of all nodes that this one holds; beyond them `enter` rejects, and those of other nodes are not shown. Default 1,000,000. */
  entries?: number | false | undefined;
}

export interface PresenceOptions<Info = unknown> {
  /**
   * Called with each change in a topic that this node has to do with: one of its sockets is in it, or it is watched. What it
   * throws goes to the hub's `onError`.
   */
  onChange?(topic: string, change: PresenceChange<Info>): unknown;
  limits?: PresenceLimits | undefined;
}

const LIMITS: OptionTable<PresenceLimits> = { topics: LIMIT, info: LIMIT, entries: LIMIT };
const OPTIONS: OptionTable<PresenceOptions> = { onChange: FUNCTION, limits: optionsOf(LIMITS) };

/** How presence stands. */
export interface PresenceCounts {
  /** Other nodes that are known to be there. */
  readonly nodes: number;
  /** Topics that this node has to do with. */
  readonly topics: number;
  readonly entries: number;
  /** Entries of other nodes that came when there was no room for them. */
  readonly ignored: number;
}

/** The line of all nodes, and what the lines of topics begin with. */
const NODES = 'nodes';
const TOPICS = 'presence/';
/** Heartbeats that a node is believed to be there for after it was heard of. */
const LEASE = 2;

/**
 * Who is in a topic, over all nodes that have the same engine and heartbeat. What a node has said of its sockets counts for two
 * heartbeats after it was heard of last: those of a node that has died are gone then, and so are those of all others while
 * the engine is away for longer. Whoever lives is back within a heartbeat. `Info` is what all nodes bring: nothing checks it.
 */
export class Presence<Info = unknown> {
  readonly #inside: Inside;
  readonly #machine: PresenceMachine;
  readonly #options: PresenceOptions<Info>;
  readonly #mostTopics: number;
  readonly #mostBytes: number;
  /** The ids of a socket's entries, by topic. */
  readonly #sockets: Map<object, Map<string, string>>;
  readonly #attempts: Attempts;
  readonly #taps: Map<string, () => void>;
  #ids: number;
  #beatAt: number;
  #dueAt: number;
  #wake: Wake | undefined;
  #isClosed: boolean;

  /** @internal `createPresence` makes them. */
  constructor(hub: Topics, given?: PresenceOptions<Info>) {
    if ((hub as Partial<Topics> | undefined)?.inside === undefined) {
      throw new TypeError(`createPresence: expected a hub, as createTopics makes them, not ${nameOf(hub)}`);
    }
    const options = checkOptions('createPresence', OPTIONS, given);
    const { topics, info, entries } = options.limits ?? {};
    this.#options = options;
    this.#mostTopics = resolveLimit('limits.topics', topics, 100);
    this.#mostBytes = resolveLimit('limits.info', info, 1024);
    const mostEntries = resolveLimit('limits.entries', entries, 1_000_000);
    this.#inside = hub.inside;
    const { node, heartbeat, clock } = this.#inside;
    this.#machine = new PresenceMachine({
      output: {
        say: (topic, text) => this.#say(topic, text),
        follow: (topic) => this.#follow(topic),
        unfollow: (topic) => {
          const end = this.#taps.get(topic);
          this.#taps.delete(topic);
          end?.();
        },
        changed: (topic, came, left) => this.#tell(topic, { came, left }),
      },
      node,
      lease: LEASE * heartbeat,
      mostEntries,
    });
    this.#sockets = new Map();
    this.#attempts = new Attempts();
    this.#taps = new Map();
    this.#ids = 0;
    this.#beatAt = this.#dueAt = clock.now();
    this.#wake = undefined;
    this.#isClosed = false;
    this.#inside.join({
      up: () => this.#machine.tick(),
      left: (ws) => this.#leaveAll(ws),
      revoke: (isRevoked) => this.#revoke(isRevoked),
      close: () => this.#close(),
    });
    this.#start();
  }

  /**
   * A socket of this node is in a topic until its end, or `leave`; `info` is what others are shown of it, as JSON has it, `null` by default. One that
   * is in it already is with this `info`. Resolves to its entry once it is allowed (`authorize` is asked about `'enter'`).
   * Rejects with a TypeError or RangeError for a bad topic or info, and with a TopicsError when it is denied, over a limit, or
   * the socket has ended.
   */
  async enter(ws: Subscriber, topic: string, info: Info = null as Info): Promise<PresenceEntry<Info>> {
    const text: string | undefined = JSON.stringify(info);
    if (text === undefined) throw new TypeError('info must be something that JSON can say');
    if (isLarger(text, this.#mostBytes)) throw new RangeError(`info may have ${this.#mostBytes} bytes as JSON`);
    const attempt = this.#attempts.begin(ws, topic);
    try {
      await this.#inside.admit(ws, topic, 'enter');
    } finally {
      this.#attempts.end(attempt);
    }
    this.#attempts.check(attempt);
    if (this.#isClosed) throw closed();
    const topics = this.#sockets.get(ws) ?? new Map<string, string>();
    const known = topics.get(topic);
    if (known === undefined && topics.size >= this.#mostTopics) {
      throw new TopicsError('limit', `a socket may be in ${this.#mostTopics} topics`);
    }
    if (known === undefined && this.#machine.isFull) throw new TopicsError('limit', 'there are too many entries');
    const entry = { id: `${this.#inside.node}-${++this.#ids}`, info: JSON.parse(text) as Info };
    this.#sockets.set(ws, topics.set(topic, entry.id));
    this.#machine.enter(topic, entry.id, entry.info);
    if (known !== undefined) this.#machine.leave(topic, known);
    return entry;
  }

  /** A socket is no longer in a topic, or in any. Throws a TypeError for what is no socket. */
  leave(ws: Subscriber, topic?: string): void {
    checkSubscriber(ws);
    this.#attempts.callOff(ws, topic);
    if (topic === undefined) return this.#leaveAll(ws);
    const topics = this.#sockets.get(ws);
    const id = topics?.get(topic);
    if (topics === undefined || id === undefined) return;
    topics.delete(topic);
    if (topics.size === 0) this.#sockets.delete(ws);
    this.#machine.leave(topic, id);
  }

  /** Wants to know who is in a topic, until `unwatch` was called as often. What other nodes say is there within a heartbeat. */
  watch(topic: string): void {
    checkTopic(topic);
    if (!this.#isClosed) this.#machine.watch(topic);
  }

  unwatch(topic: string): void {
    this.#machine.unwatch(topic);
  }

  /** Who is in a topic, as far as this node knows; nobody, where it has nothing to do with it. */
  entries(topic: string): PresenceEntry<Info>[] {
    return this.#machine.entries(topic) as PresenceEntry<Info>[];
  }

  get counts(): PresenceCounts {
    return this.#machine.counts;
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    return { ...this.counts };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Presence ${inspect(this.toJSON(), options)}`;
  }

  #follow(topic: string): void {
    const line = TOPICS + topic;
    const { clock } = this.#inside;
    const end = this.#inside.tap(line, {
      message: (text) => this.#machine.heard(topic, text, clock.now()),
      opened: () => this.#machine.opened(topic),
      gap: () => this.#machine.gap(topic, clock.now()),
      refused: (error) => {
        if (this.#taps.get(topic) !== end) return;
        this.#inside.report(error);
        this.#machine.refused(topic);
      },
    });
    this.#taps.set(topic, end);
  }

  #start(): void {
    const { clock } = this.#inside;
    const end = this.#inside.tap(NODES, {
      message: (text) => this.#machine.beat(text, clock.now()),
      opened: () => this.#machine.joined(),
      gap: () => this.#machine.gap(undefined, clock.now()),
      refused: (error) => this.#isClosed || this.#inside.report(error),
    });
    this.#taps.set('', end);
    this.#plan();
  }

  #say(topic: string | undefined, text: string): void {
    const saying = this.#inside.say(topic === undefined ? NODES : TOPICS + topic, text);
    const done = (isDone: boolean): void => {
      if (!this.#isClosed) this.#machine.said(topic, isDone);
    };
    saying.then(
      () => done(true),
      () => done(false),
    );
  }

  /** The next heartbeat, or the end of a lease. */
  #plan(isGrace = false): void {
    if (this.#isClosed) return;
    const { clock, heartbeat } = this.#inside;
    const next = Math.min(this.#beatAt + heartbeat, this.#machine.nextEnd ?? Infinity);
    this.#dueAt = isGrace ? clock.now() + heartbeat / 4 : Math.max(next, clock.now());
    this.#wake = clock.wakeAt(this.#dueAt, () => this.#awake());
  }

  #awake(): void {
    const { clock, heartbeat } = this.#inside;
    const now = clock.now();
    if (now >= this.#beatAt + heartbeat) {
      this.#beatAt = now;
      this.#machine.tick();
    }
    // The loop may have stood still: what has come by now is read before anybody's lease ends.
    if (now - this.#dueAt > heartbeat / 4) return this.#plan(true);
    this.#wake = clock.afterReading(() => {
      this.#machine.expire(clock.now());
      this.#plan();
    });
  }

  #leaveAll(ws: object): void {
    const topics = this.#sockets.get(ws);
    this.#sockets.delete(ws);
    for (const [topic, id] of topics ?? []) this.#machine.leave(topic, id);
  }

  #revoke(isRevoked: (ws: Subscriber, topic: string) => boolean): number {
    let count = 0;
    for (const [ws, topics] of this.#sockets) {
      for (const topic of [...topics.keys()]) {
        if (!isRevoked(ws as Subscriber, topic)) continue;
        this.leave(ws as Subscriber, topic);
        count++;
      }
    }
    return count;
  }

  #tell(topic: string, change: PresenceChange): void {
    const { onChange } = this.#options;
    if (onChange === undefined) return;
    callOut(
      () => onChange.call(this.#options, topic, change as PresenceChange<Info>),
      (error) => this.#inside.report(error),
    );
  }

  /** The others are told, so that they need not wait for the lease to end. */
  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.cancel();
    const ends = [...this.#taps.values()];
    this.#taps.clear();
    for (const end of ends) end();
    this.#sockets.clear();
    await this.#inside.say(NODES, this.#machine.farewell).catch(() => {});
  }
}
