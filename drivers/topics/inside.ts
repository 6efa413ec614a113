import type { Clock } from '../clock.ts';
import type { Subscriber } from './outlets/index.ts';

/** What stands beside topics on the same hub: told of what happens to it. */
export interface Neighbour {
  /** The engine is there again. */
  up(): void;
  /** A socket has ended. */
  left(ws: object): void;
  revoke(isRevoked: (ws: Subscriber, topic: string) => boolean): number;
  close(): Promise<void>;
}

/** What a hub gives to those that stand beside it. */
export interface Inside {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly heartbeat: number;
  /** A name that no other node has. */
  readonly node: string;
  /** Makes it a neighbour, the only one. Throws a TypeError when there is one, or the hub has not started. */
  join(neighbour: Neighbour): void;
  /** Listens to a topic inside; `refused` is told when the engine refuses. Returns what ends it. */
  tap(topic: string, told: TapListener): () => void;
  /** Publishes something that is of no use after two heartbeats. Rejects as `publish` does. */
  say(topic: string, text: string): Promise<void>;
  /** Sees that a socket is open and may do something. Rejects with a TopicsError, or with a TypeError for what is no socket. */
  admit(ws: Subscriber, topic: string, action: 'enter'): Promise<void>;
  report(error: unknown): void;
}

export interface TapListener {
  message(text: string): void;
  /** What is published from now on is heard. */
  opened(): void;
  refused(error: unknown): void;
  gap(): void;
}

/** What topics of the hub's own begin with: no user's may have it. */
export const INTERNAL = '\u0001';
