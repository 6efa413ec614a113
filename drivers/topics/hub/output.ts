import type { Delivery, Fetch, Line, MachineGap, Member, Subscription } from './line.ts';

/** What a subscriber's socket says to a message. */
export const Sent = {
  /** It takes more. */
  MORE: 0,
  /** It took this one, and no more until it has drained. */
  FULL: 1,
  /** It can't take one now, for a reason that it will not tell the end of. */
  REFUSED: 2,
  /** It has ended, or is about to. */
  ENDED: 3,
  /** It is no socket, and took it: that is not counted. */
  TAPPED: 4,
} as const;
export type Sent = (typeof Sent)[keyof typeof Sent];

/** What the machine asks its driver to do. Calls back into the machine only as its answers say. */
export interface HubOutput<Owner = unknown> {
  /** Have the engine subscribe to the topic. Answered with `opened` or `refused`. */
  open(line: Line<Owner>): void;
  /** Nobody is subscribed to it any more. */
  shut(line: Line<Owner>): void;
  fetch(request: Fetch<Owner>): void;
  deliver(subscription: Subscription<Owner>, message: Delivery): Sent;
  /** Returns whether that counts: it has told a socket. */
  gap(subscription: Subscription<Owner>, gap: MachineGap): boolean;
  /** The subscription has begun. */
  began(subscription: Subscription<Owner>): void;
  /** It can't be had from the engine, for this reason. */
  failed(subscription: Subscription<Owner>, error: unknown): void;
  /** End the socket: it is too slow. */
  end(member: Member<Owner>): void;
}

/** What a hub has counted since it was made. */
export interface Counts {
  /** Messages given to subscribers' sockets. */
  delivered: number;
  /** Messages that a slow subscriber went without. */
  skipped: number;
  /** Messages given to a single subscriber from history. */
  caughtUp: number;
  /** Messages given to all subscribers from history. */
  filled: number;
  /** Messages that came twice and were dropped. */
  doubles: number;
  /** How often a past turned out to be rewritten. */
  rewritten: number;
  /** Gaps told, by their reason. */
  readonly gaps: Record<string, number>;
}

export function noCounts(): Counts {
  return { delivered: 0, skipped: 0, caughtUp: 0, filled: 0, doubles: 0, rewritten: 0, gaps: {} };
}
