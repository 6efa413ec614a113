import { formatPosition, type Place } from '../position.ts';
import type { EngineMessage } from '../engine.ts';
import { Few, FewOf } from './few.ts';

/** What becomes of a subscription whose socket has `sendHighWater` bytes waiting. */
export type Slow = 'send' | 'skip' | 'latest' | 'terminate' | 'catch-up';

/**
 * Why a subscriber has missed something. `'outage'`: the engine was away, and keeps no history; `'slow'`: it took no more;
 * `'frame'`: it could not be sent; the others as the engine says them.
 */
export type GapReason = 'trimmed' | 'rewritten' | 'forgotten' | 'outage' | 'slow' | 'frame';

/** What was missed: told before the message that follows. */
export interface MachineGap {
  readonly reason: GapReason;
  /** The last message before the gap, where messages have places. */
  readonly last: Place | undefined;
  /** The message that follows, if it is there already. */
  readonly next: Place | undefined;
}

/** A message on its way to subscribers; `frame` is what its driver has made of it. */
export interface Delivery extends EngineMessage {
  frame?: unknown;
}

/** A socket with its subscriptions. */
export class Member<Owner = unknown> {
  readonly owner: Owner;
  readonly subscriptions: FewOf<Subscription<Owner>>;
  /** It takes no more until it has drained. */
  isFull: boolean;
  /** The one of its subscriptions that is being caught up: one at a time. */
  catching: Subscription<Owner> | undefined;

  constructor(owner: Owner) {
    this.owner = owner;
    this.subscriptions = new FewOf();
    this.isFull = false;
    this.catching = undefined;
  }
}

/** A socket's subscription to a topic. */
export class Subscription<Owner = unknown> {
  readonly member: Member<Owner>;
  readonly line: Line<Owner>;
  slow: Slow;
  /** Where it is, when that is not where its topic's line is. */
  lag: Lag | undefined;
  isOver: boolean;

  constructor(member: Member<Owner>, line: Line<Owner>, slow: Slow) {
    this.member = member;
    this.line = line;
    this.slow = slow;
    this.lag = undefined;
    this.isOver = false;
  }
}

/** Where a subscription is that does not follow its line for now. */
export class Lag {
  /** The last message that it was given; undefined: what comes next is taken, whatever it is. */
  place: Place | undefined;
  /** Whether what it misses is to be had from history. */
  readonly catchesUp: boolean;
  /** How many messages it went without. */
  skipped: number;
  /** The newest of them, where that is what is wanted. */
  latest: Delivery | undefined;

  constructor(place: Place | undefined, catchesUp: boolean) {
    this.place = place;
    this.catchesUp = catchesUp;
    this.skipped = 0;
    this.latest = undefined;
  }
}

/** A question to the engine. The answer comes with `answered` or `failed`; a line has one at a time, and a member too. */
export interface Fetch<Owner = unknown> {
  readonly line: Line<Owner>;
  /** Whom the answer is for; undefined: for all that follow the line. */
  readonly subscription: Subscription<Owner> | undefined;
  /** Only the newest message's place is asked for. */
  readonly isHead: boolean;
  /** What follows this place; undefined: all that is kept. */
  readonly since: Place | undefined;
}

/** Whether this message is the one that follows a place. */
export function follows({ epoch, offset, stamp }: Place, message: EngineMessage): boolean {
  if (message.epoch !== epoch || message.previous !== offset) return false;
  return message.after === undefined || stamp === '' || message.after === stamp;
}

/** What a line is about. */
export const LineState = {
  /** The engine has not confirmed the subscription. */
  OPENING: 0,
  /** It is confirmed, and the newest message is asked for: the first time, or after an outage. */
  CHECKING: 1,
  /** What comes is given to the subscribers. */
  LIVE: 2,
  /** Something is missing, and asked of history. */
  FILLING: 3,
  /** The engine is down. */
  STALE: 4,
} as const;
export type LineState = (typeof LineState)[keyof typeof LineState];

/** A topic as this node follows it: how far its messages have been given to the subscribers that keep up. */
export class Line<Owner = unknown> {
  readonly topic: string;
  readonly subscribers: Few<Member<Owner>, Subscription<Owner>>;
  state: LineState;
  /** It has been live once: its subscriptions have begun. */
  isReady: boolean;
  /** The last message that was given out. An empty epoch: none yet, and what comes is taken, whatever it is. */
  epoch: string;
  offset: number;
  stamp: string;
  /** How many of the subscribers have a lag. */
  lagging: number;
  /** What was asked last, and has not been answered. */
  asked: Fetch<Owner> | undefined;
  /** How many outages its subscribers have been told of, or came after. */
  outages: number;
  /** What is rarely needed. */
  #more: More | undefined;

  constructor(topic: string) {
    this.topic = topic;
    this.subscribers = new Few();
    this.state = LineState.OPENING;
    this.isReady = false;
    this.epoch = '';
    this.offset = 0;
    this.stamp = '';
    this.lagging = 0;
    this.asked = undefined;
    this.outages = 0;
    this.#more = undefined;
  }

  get place(): Place | undefined {
    return this.epoch === '' ? undefined : { epoch: this.epoch, offset: this.offset, stamp: this.stamp };
  }

  get isGone(): boolean {
    return this.subscribers.size === 0;
  }

  /** Whether this message is the one that follows. */
  isNext(message: EngineMessage): boolean {
    return this.epoch === '' || follows(this, message);
  }

  isAt(place: Place): boolean {
    return place.offset === this.offset && place.stamp === this.stamp && place.epoch === this.epoch;
  }

  moveTo({ epoch, offset, stamp }: Place): void {
    this.epoch = epoch;
    this.offset = offset;
    this.stamp = stamp;
  }

  /** Takes whatever comes. */
  detach(): void {
    this.epoch = '';
    this.offset = 0;
    this.stamp = '';
    if (this.#more !== undefined) this.#more.forgetRecent();
  }

  /** Whether there has been anything out of the ordinary, or a message. */
  get hasMore(): boolean {
    return this.#more !== undefined;
  }

  get more(): More {
    return (this.#more ??= new More());
  }

  /** What it has given out lately, while that is kept. */
  get tail(): Tail | undefined {
    return this.#more?.tail;
  }

  /** Keeps in mind that this message was given out. */
  remember({ offset, stamp }: Place): void {
    const { offsets, stamps } = this.more;
    offsets.push(offset);
    stamps.push(stamp);
    if (offsets.length < 2 * RECENT) return;
    offsets.splice(0, RECENT);
    stamps.splice(0, RECENT);
  }

  /** Everything that matters of its state, for tests. */
  describe(): string {
    const { held, offsets, stamps, early, overflowed, retracing, seen } = this.more;
    const places = [formatPosition(this), ...held.map(formatPosition)];
    const tail = this.tail?.messages.map(({ stamp }) => stamp);
    return [this.state, places, offsets, stamps, early, overflowed, retracing, seen, tail, this.outages]
      .map(String)
      .join('|');
  }
}

/** How many messages a line keeps in mind, at least: how far back a rewritten past can be told apart message by message. */
export const RECENT = 16;

/** What a line has given out lately, oldest first, each the one that follows the one before. */
export class Tail {
  messages: Delivery[];
  bytes: number;
  /** How many have asked history, and need it when they are answered. */
  askers: number;

  constructor() {
    this.messages = [];
    this.bytes = 0;
    this.askers = 0;
  }
}

/** What a line has once it has had messages, or while something is missing. */
class More {
  /** The messages that wait for a hole to be filled. */
  held: Delivery[];
  /** How many of those came before the newest request to history. */
  early: number;
  /** More came than may be held. */
  overflowed: boolean;
  /** History is asked for what stands where the recent messages stood. */
  retracing: boolean;
  /** The stamps of what was given out of a past that has been rewritten. */
  seen: string[];
  /** The newest messages that were given out, oldest first. */
  offsets: number[];
  stamps: string[];
  tail: Tail | undefined;

  constructor() {
    this.held = [];
    this.early = 0;
    this.overflowed = false;
    this.retracing = false;
    this.seen = [];
    this.offsets = [];
    this.stamps = [];
    this.tail = undefined;
  }

  forgetRecent(): void {
    this.offsets = [];
    this.stamps = [];
  }
}
