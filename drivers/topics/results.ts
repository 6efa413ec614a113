import type { Hole, TopicData } from './engine.ts';
import type { Position } from './position.ts';

/** What `subscribe` resolves to. */
export interface Subscribed {
  /** Where the subscription begins: what follows is delivered. Undefined where the engine has no positions. */
  readonly position: Position | undefined;
}

/** What `publish` resolves to. */
export interface Published {
  /** Where the message stands; undefined where the engine has no positions. */
  readonly position: Position | undefined;
  /** How many subscribers of this node have been given it by now: not those that get it later, after what others have published before. */
  readonly delivered: number;
}

/** A message out of history. */
export interface HistoryMessage {
  readonly data: TopicData;
  readonly position: Position;
}

/** What `history` resolves to. */
export interface History {
  readonly messages: readonly HistoryMessage[];
  /** Why what followed `since` isn't all there, if it isn't. */
  readonly hole: Hole | undefined;
  /** There are more: ask again, since the last of these. */
  readonly more: boolean;
  /** The newest message there is. */
  readonly position: Position;
}
