import type { Page } from '../engine.ts';
import { isSamePlace, type Place } from '../position.ts';
import type { Deliverer } from './deliverer.ts';
import { type Delivery, type Lag, type Line, LineState, type Member, type Subscription } from './line.ts';
import { type Counts, type HubOutput, Sent } from './output.ts';
import type { Tails } from './tails.ts';

/** Answers of history in a row that lead nowhere, after which a subscriber goes on with its line, and is told so. */
const MOST_TRIES = 3;

/**
 * Brings single subscribers to where their lines are: those that resume, and those that were slow. One subscription of a
 * socket at a time, page by page, as fast as it takes them; never past its line, so that it joins with no hole and no double.
 */
export class CatchUp<Owner> {
  readonly #output: HubOutput<Owner>;
  readonly #deliverer: Deliverer<Owner>;
  readonly #counts: Counts;
  readonly #tails: Tails<Owner>;
  /** Asks history about a line that may have missed something. */
  readonly #recheck: (line: Line<Owner>) => void;

  constructor(
    output: HubOutput<Owner>,
    deliverer: Deliverer<Owner>,
    counts: Counts,
    tails: Tails<Owner>,
    recheck: (line: Line<Owner>) => void,
  ) {
    this.#output = output;
    this.#deliverer = deliverer;
    this.#counts = counts;
    this.#tails = tails;
    this.#recheck = recheck;
  }

  /** Goes on with what is to be caught up, if the socket takes more. */
  resume(member: Member<Owner>): void {
    if (member.isFull || member.catching !== undefined) return;
    for (const subscription of member.subscriptions.values()) {
      const { lag, line } = subscription;
      if (lag === undefined || !lag.catchesUp || line.state !== LineState.LIVE) continue;
      if (lag.place !== undefined && line.isAt(lag.place)) {
        this.#deliverer.join(subscription);
        continue;
      }
      member.catching = subscription;
      this.#tails.begin(line);
      this.#output.fetch({ line, subscription, isHead: false, since: lag.place });
      return;
    }
  }

  answered(subscription: Subscription<Owner>, page: Page): void {
    const { member, lag, line } = subscription;
    member.catching = undefined;
    if (lag !== undefined && !subscription.isOver) this.#replay(subscription, lag, page);
    this.#tails.end(line);
    this.resume(member);
  }

  /** What was asked for a subscriber could not be answered. */
  failed({ member, line }: Subscription<Owner>): void {
    member.catching = undefined;
    this.#tails.end(line);
  }

  #replay(subscription: Subscription<Owner>, lag: Lag, page: Page): void {
    const { line, member } = subscription;
    const { messages, position } = page;
    // The line doesn't know yet that the engine has forgotten, or it does and the answer is an old one.
    if (position.epoch !== line.epoch) return this.#leadsNowhere(subscription, lag);
    const before = lag.place;
    if (page.hole !== undefined) {
      const [next] = messages;
      this.#deliverer.gap(subscription, { reason: page.hole, last: before, next });
      if (subscription.isOver) return;
      lag.place = next === undefined ? position : { epoch: next.epoch, offset: next.previous, stamp: '' };
    }
    if (!this.#giveOut(subscription, lag, messages)) return;
    // Not behind a hole, for which the past may have been rewritten.
    if (!page.more && page.hole === undefined && lag.place !== undefined && !member.isFull) {
      if (!this.#giveOut(subscription, lag, this.#tails.after(line, lag.place))) return;
    }
    const { place } = lag;
    lag.place = place && { epoch: place.epoch, offset: place.offset, stamp: place.stamp };
    if (place !== undefined && line.isAt(place)) return this.#deliverer.join(subscription);
    if (member.isFull) return;
    if (hasMoved(before, place)) lag.skipped = 0;
    else this.#leadsNowhere(subscription, lag);
  }

  /** Gives a subscriber what follows its place, up to where its line is, as far as it takes that. Returns whether it is there still. */
  #giveOut(subscription: Subscription<Owner>, lag: Lag, messages: readonly Delivery[]): boolean {
    const { line } = subscription;
    for (const message of messages) {
      if (message.offset > line.offset || message.offset <= (lag.place?.offset ?? -1)) continue;
      const sent = this.#deliverer.toOne(subscription, message);
      if (subscription.isOver || sent === Sent.ENDED) return false;
      if (sent === Sent.REFUSED) break;
      lag.place = message;
      this.#counts.caughtUp++;
      if (sent === Sent.FULL) break;
    }
    return true;
  }

  /** The line is to be looked at first; and if that has not helped either, there is no use in asking on. */
  #leadsNowhere(subscription: Subscription<Owner>, lag: Lag): void {
    const { line } = subscription;
    if (++lag.skipped < MOST_TRIES) return this.#recheck(line);
    this.#deliverer.join(subscription);
    this.#deliverer.gap(subscription, { reason: 'trimmed', last: lag.place, next: undefined });
  }
}

function hasMoved(before: Place | undefined, after: Place | undefined): boolean {
  return before === undefined || after === undefined || !isSamePlace(before, after);
}
