import type { Clock } from '../clock.ts';
import type { Place } from './position.ts';

/** What a topic carries: TEXT or BINARY, as it goes out to the subscribers. */
export type TopicData = string | Uint8Array;

/** A message as an engine hands it out. */
export interface EngineMessage extends Place {
  readonly topic: string;
  readonly data: TopicData;
  /** `false`: it is not to be compressed on its way to a subscriber. */
  readonly compress: boolean;
  /** The offset of the message before it, 0 for the first. */
  readonly previous: number;
  /** The stamp of the message before it, where the engine knows. */
  readonly after?: string | undefined;
}

/** What is told to an engine with a message. */
export interface EnginePublishOptions {
  /** Random, of the message's own: letters and digits. */
  readonly stamp: string;
  /** A retry with the same key, within the time that the engine remembers it, is not published again. */
  readonly key?: string | undefined;
  readonly compress: boolean;
  /** `false`: it need not be kept in history, for it is of no use later. Whoever misses it is told of a gap. Default true. */
  readonly isKept?: boolean | undefined;
}

/** What the engine says of a message that it has. */
export interface EngineReceipt extends Place {
  /** Undefined where the engine doesn't say: the message is then given out when it comes. */
  readonly previous: number | undefined;
  readonly after?: string | undefined;
  /** It was published before, with the same key: this is the place of that one. */
  readonly repeated?: boolean;
}

/**
 * Why what follows a place isn't all there: `'trimmed'`: some of it is no longer kept; `'rewritten'`: another message stands
 * in that place now; `'forgotten'`: the engine has lost the topic's past altogether.
 */
export type Hole = 'trimmed' | 'rewritten' | 'forgotten';

/** A page of a topic's history. */
export interface Page {
  /** In order, and without a gap between them. */
  readonly messages: readonly EngineMessage[];
  /** Why the page doesn't follow what was asked for at once, if it doesn't. */
  readonly hole: Hole | undefined;
  /** There are more messages than the page holds. */
  readonly more: boolean;
  /** The newest message there is, in this page or not. */
  readonly position: Place;
}

/** Whom an engine tells. None of it throws. */
export interface EngineSink {
  /** A message of a topic that is subscribed to. */
  message(message: EngineMessage): void;
  /** The engine is there, and every subscription is confirmed. */
  up(): void;
  /** The engine is not there, or its subscriptions may have missed something. Told again, it is why it is still not there. */
  down(reason: Error): void;
  /** A heartbeat has come round. */
  beat(): void;
}

/** What an engine is given when it starts. */
export interface EngineContext {
  readonly clock: Clock;
  /** Milliseconds between two heartbeats. */
  readonly heartbeat: number;
  /** A name, of letters and digits, that no other node has. */
  readonly node: string;
  /** Numbers from 0 to below 1. */
  random(): number;
}

/**
 * What carries messages between processes. One with a `history` gives every message its place; without one nothing that
 * was missed can be noticed by itself or filled.
 */
export interface Engine {
  /** Connects. Resolves once `up` was told, rejects when that fails; from then on it connects again by itself. */
  start(sink: EngineSink, context: EngineContext): Promise<void>;
  /**
   * Resolves when the engine has the message. Rejects with an EngineDownError when it was not handed over, and with an
   * OutcomeUnknownError when nobody knows. It is never handed over later or twice.
   */
  publish(topic: string, data: TopicData, options: EnginePublishOptions): Promise<EngineReceipt | undefined>;
  /**
   * Resolves when every message published from then on will come; while the engine is down, once it is up. Rejects when it
   * is refused. Called once a topic until `unsubscribe`.
   */
  subscribe(topic: string): Promise<void>;
  unsubscribe(topic: string): void;
  /** The newest message of each topic; a topic without one begins its first epoch with this. */
  heads?(topics: readonly string[]): Promise<readonly Place[]>;
  /** What follows a place, or all that is kept; at most `limit` messages, and no more than a few MiB. */
  history?(topic: string, since: Place | undefined, limit: number): Promise<Page>;
  close(): Promise<void>;
}
