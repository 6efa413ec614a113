import { DEFAULT_LIMITS } from '../../protocol/index.ts';
import {
  always,
  BOOLEAN,
  checkMethodNames,
  checkMethods,
  checkOptions,
  FUNCTION,
  LIMIT,
  type MethodTable,
  NUMBER,
  OBJECT,
  oneOf,
  type OptionKind,
  optionsOf,
  type OptionTable,
  resolveLimit,
  STRING,
  withMethods,
} from '../../protocol/internal.ts';
import type { Clock } from '../clock.ts';
import { CLOCK } from './clock.ts';
import { whole } from './numbers.ts';
import type { Engine, TopicData } from './engine.ts';
import type { GapReason, Slow } from './hub/line.ts';
import type { Subscriber } from './outlets/index.ts';
import type { Position } from './position.ts';

/** What a subscriber has missed of a topic, and can't be given any more. */
export interface Gap {
  /**
   * `'trimmed'`: history no longer keeps it; `'rewritten'`: the engine has lost messages that were given out already, and put
   * others in their places; `'forgotten'`: it has lost the topic's past; `'outage'`: it was away, and keeps no history;
   * `'slow'`: the subscriber took no more; `'frame'`: it could not be sent, since `frame` threw, or its bytes were detached.
   */
  readonly reason: GapReason;
  /** The last message before the gap, where the engine has positions. */
  readonly last: Position | undefined;
  /** The message that follows, where it is there already. */
  readonly next: Position | undefined;
}

/** What a socket wants to do: `'enter'` is presence's. */
export type Action = 'subscribe' | 'publish' | 'enter';

/**
 * Whether a socket may do something: `true`, and nothing else, says yes. The socket may be said to be what it is there:
 * `(ws: WebSocket<User>, topic) => ws.context.rooms.includes(topic)`.
 */
export type Authorize = {
  // Written as a method, whose parameters TypeScript lets be narrower.
  authorize(
    ws: Subscriber,
    topic: string,
    action: Action,
    context: { signal: AbortSignal },
  ): boolean | PromiseLike<boolean>;
}['authorize'];

/** Limits of a hub; zero or `false` turns one off. */
export interface TopicsLimits {
  /** Subscriptions of one socket. Default 1,000. */
  subscriptions?: number | false | undefined;
  /** Topics that this node is subscribed to. Default 1,000,000. */
  topics?: number | false | undefined;
  /** Bytes of a message. Default 16 MiB, as `maxMessageSize`. */
  message?: number | false | undefined;
  /** Messages of a topic that are held while a hole is filled, or a subscriber catches up; those beyond are had from history too. Default 1,000. */
  held?: number | false | undefined;
  /** Messages of a page of history. Default 1,000. */
  page?: number | undefined;
  /** Publishes that are under way at once. Default 10,000. */
  publishes?: number | false | undefined;
  /** Bytes of the publishes under way, of all that is held while holes are filled, and of all while subscribers catch up, about. Default 64 MiB each. */
  bytes?: number | false | undefined;
}

/** Who looks on. What it throws is reported to `onError`. */
export interface TopicsObserver {
  /** A publish is over: `error` is undefined when the engine has the message. */
  onPublish?(event: { topic: string; error: unknown }): void;
  /** A subscriber was told of a gap. */
  onGap?(event: { ws: Subscriber; topic: string; gap: Gap }): void;
  /** The engine is there, or not. */
  onEngine?(event: { isUp: boolean; reason: Error | undefined }): void;
}

export interface TopicsOptions {
  /** What carries messages between processes, for this hub alone until it is closed. Default: `memoryEngine()`, for one process. */
  engine?: Engine | undefined;
  /** Asked before each subscription, and before each publish that is `from` a socket. Default: everybody may. */
  authorize?: Authorize | undefined;
  /** What becomes of a slow subscriber; see `SubscribeOptions.slow`. */
  slow?: Slow | undefined;
  /** Makes what goes over the wire, once a publish. Default: the message alone. It must not change the message's bytes. */
  frame?(topic: string, message: TopicData, position: Position | undefined): TopicData;
  /** A subscriber has missed something: called before the message that follows. Without it nobody is told. */
  onGap?(ws: Subscriber, topic: string, gap: Gap): unknown;
  /** A callback of these threw. Default: it goes to the console. */
  onError?(error: unknown): void;
  /** Milliseconds between two heartbeats through the engine; it counts as down when none came for two of them. Default 1 s. */
  heartbeat?: number | undefined;
  limits?: TopicsLimits | undefined;
  observer?: TopicsObserver | undefined;
  /** Time. Default: the runtime's. */
  clock?: Clock | undefined;
  /** Numbers from 0 to below 1, for stamps. Default: Math.random. */
  random?: (() => number) | undefined;
}

export interface SubscribeOptions {
  /** Replay what followed this position first: nothing is missed and nothing comes twice, or `onGap` is told. */
  since?: Position | undefined;
  /**
   * What becomes of this subscription while its socket has `sendHighWater` bytes waiting:
   *
   * - `'catch-up'`: it goes on from history, at its own pace. Default where the engine has history.
   * - `'skip'`: it goes without, and is told of the gap when it takes messages again. Default where there is no history.
   * - `'latest'`: the same, but it is given the newest message then.
   * - `'send'`: it is sent everything, until `sendLimit` ends it.
   * - `'terminate'`: its connection is ended.
   */
  slow?: Slow | undefined;
}

export interface PublishOptions {
  /** A retry with the same key is done once, as long as the engine remembers it. At most 255 bytes. */
  key?: string | undefined;
  /** `false` keeps it from being compressed where compression was agreed on. */
  compress?: boolean | undefined;
  /** A socket of this node that is not to get it: the author's own, say. */
  except?: Subscriber | undefined;
  /** The socket it comes from, for which `authorize` is asked. */
  from?: Subscriber | undefined;
  /** Milliseconds to wait for the engine. Default 5 s. */
  timeout?: number | undefined;
}

export interface HistoryOptions {
  /** Only what followed this position. */
  since?: Position | undefined;
  /** At most so many messages, the oldest first. Default and most: `limits.page`. */
  limit?: number | undefined;
}

/** How long a publish waits for the engine, in milliseconds. */
export const PUBLISH_TIMEOUT = 5000;

export type ResolvedLimits = { readonly [Name in keyof Required<TopicsLimits>]: number };

const LIMITS: OptionTable<TopicsLimits> = {
  subscriptions: LIMIT,
  topics: LIMIT,
  message: LIMIT,
  held: LIMIT,
  page: always(NUMBER),
  publishes: LIMIT,
  bytes: LIMIT,
};

const SLOW_OPTION: OptionKind = oneOf('send', 'skip', 'latest', 'terminate', 'catch-up');
const ENGINE_METHODS = ['start', 'publish', 'subscribe', 'unsubscribe', 'close'] as const;

/** Every method of an observer: a table that lacks one doesn't compile. */
const OBSERVED: Readonly<Record<keyof TopicsObserver, true>> = { onPublish: true, onGap: true, onEngine: true };
const OBSERVER: MethodTable = {
  known: 'the observer’s',
  unknown: 'the observer has no',
  names: Object.keys(OBSERVED),
  elsewhere: new Map(),
};

/** What the options of the hub and of its methods may be. */
const TOPICS_OPTIONS: OptionTable<TopicsOptions> = {
  engine: withMethods('an engine (memoryEngine(), redisEngine(client) …)', ...ENGINE_METHODS),
  authorize: always(FUNCTION),
  slow: SLOW_OPTION,
  frame: FUNCTION,
  onGap: FUNCTION,
  onError: FUNCTION,
  heartbeat: always(NUMBER),
  limits: optionsOf(LIMITS),
  observer: OBJECT,
  clock: CLOCK,
  random: FUNCTION,
};
export const SUBSCRIBE_OPTIONS: OptionTable<SubscribeOptions> = { since: always(STRING), slow: SLOW_OPTION };
export const PUBLISH_OPTIONS: OptionTable<PublishOptions> = {
  key: always(STRING),
  compress: BOOLEAN,
  except: always(OBJECT),
  // Turned off, nobody would be asked.
  from: always(OBJECT),
  timeout: always(NUMBER),
};
export const HISTORY_OPTIONS: OptionTable<HistoryOptions> = { since: always(STRING), limit: always(NUMBER) };

export function resolveTopicsLimits(limits: TopicsLimits = {}): ResolvedLimits {
  return {
    subscriptions: resolveLimit('limits.subscriptions', limits.subscriptions, 1000),
    topics: resolveLimit('limits.topics', limits.topics, 1_000_000),
    message: resolveLimit('limits.message', limits.message, DEFAULT_LIMITS.maxMessageSize),
    held: resolveLimit('limits.held', limits.held, 1000),
    page: whole('limits.page', limits.page, 1000),
    publishes: resolveLimit('limits.publishes', limits.publishes, 10_000),
    bytes: resolveLimit('limits.bytes', limits.bytes, 64 * 1024 * 1024),
  };
}

/** The options of a hub, checked: those of its observer are methods. Throws a TypeError for what is none. */
export function checkTopicsOptions(given: TopicsOptions | undefined): TopicsOptions {
  const options = checkOptions('createTopics', TOPICS_OPTIONS, given);
  if (options.observer !== undefined) {
    checkMethods('createTopics', OBSERVER, options.observer);
    checkMethodNames('createTopics', OBSERVER, options.observer);
  }
  return options;
}
