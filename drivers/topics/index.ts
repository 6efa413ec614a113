/** Publish and subscribe, on one process and on many: in order, once, or told. */
import type { TopicsOptions } from './options.ts';
import { Presence, type PresenceOptions } from './presence/presence.ts';
import { Topics } from './topics.ts';

/** Makes a hub: call its `start` before anything else. Throws a TypeError or RangeError for bad options. */
export function createTopics(options?: TopicsOptions): Topics {
  return new Topics(options);
}

/**
 * Makes a hub tell who is in a topic, over all nodes that have the same engine: see docs/guides/topics.md. The hub must have
 * started; its `close` ends this too. `Info` says what all nodes bring to `enter`, which nothing checks.
 * Throws a TypeError or RangeError for bad options, and when the hub has not started, was closed, or has one.
 */
export function createPresence<Info = unknown>(hub: Topics, options?: PresenceOptions<Info>): Presence<Info> {
  return new Presence(hub, options);
}

export type { BytesLike, ConnectionLostError, WebSocketError, WebSocketErrorInit } from '../../protocol/index.ts';
export type { Clock, Sleeper, Wake } from '../clock.ts';
export type { SocketState } from '../socket/handlers.ts';
export { clientProtocol, serveClient } from './serve-client.ts';
export { memoryEngine } from './memory-engine.ts';
export type { MemoryLogOptions as MemoryEngineOptions } from './memory-log.ts';
export { EngineDownError, OutcomeUnknownError, TopicsError, type TopicsErrorKind } from './errors.ts';
export type { Topics } from './topics.ts';
export type { Subscribed, Published, History, HistoryMessage } from './results.ts';
export type { GapReason, Slow } from './hub/line.ts';
export type { Counts } from './hub/output.ts';
export type { Metrics } from './metrics.ts';
export type { EventSocket } from './outlets/event-outlet.ts';
export type { WsSocket } from './outlets/ws-outlet.ts';
export type { Subscriber } from './outlets/index.ts';
export type { Place, Position } from './position.ts';
export type { PresenceEntry } from './presence/message.ts';
export type { Presence, PresenceChange, PresenceCounts, PresenceLimits, PresenceOptions } from './presence/presence.ts';
export type {
  Action,
  Authorize,
  Gap,
  HistoryOptions,
  PublishOptions,
  SubscribeOptions,
  TopicsLimits,
  TopicsObserver,
  TopicsOptions,
} from './options.ts';
export type {
  Engine,
  EngineContext,
  EngineMessage,
  EnginePublishOptions,
  EngineReceipt,
  EngineSink,
  Hole,
  Page,
  TopicData,
} from './engine.ts';
