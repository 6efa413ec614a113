import type { Place } from '../position.ts';
import { type Delivery, Lag, type Line, type MachineGap, type Member, type Subscription } from './line.ts';
import { type Counts, type HubOutput, Sent } from './output.ts';
import type { Own } from './own.ts';
import type { Tails } from './tails.ts';

/** Gives messages to subscribers, each as fast as it takes them. */
export class Deliverer<Owner> {
  readonly #output: HubOutput<Owner>;
  readonly #counts: Counts;
  readonly #own: Own<Owner>;
  readonly #tails: Tails<Owner>;
  readonly #hasHistory: boolean;
  /** Those who refused a message and will not say when they take one. */
  readonly blocked: Set<Member<Owner>>;

  constructor(output: HubOutput<Owner>, counts: Counts, own: Own<Owner>, tails: Tails<Owner>, hasHistory: boolean) {
    this.#output = output;
    this.#counts = counts;
    this.#own = own;
    this.#tails = tails;
    this.#hasHistory = hasHistory;
    this.blocked = new Set();
  }

  /** Gives a message to all that follow the line. Called before the line moves on to it. */
  toAll(line: Line<Owner>, message: Delivery): void {
    this.#tails.keep(line, message);
    const except = this.#own.exceptOf(message);
    let count = 0;
    for (const subscription of line.subscribers.values()) {
      const { member } = subscription;
      if (subscription.lag !== undefined) this.#goPast(subscription.lag, subscription, message);
      else if (member === except) continue;
      else if (member.isFull && subscription.slow !== 'send') this.#fallBehind(subscription, message, line.place);
      else if (this.#give(subscription, message, line)) count++;
    }
    this.#counts.delivered += count;
    this.#own.delivered(message, count);
  }

  /** Gives a message to one, from history. */
  toOne(subscription: Subscription<Owner>, message: Delivery): Sent {
    const { member } = subscription;
    if (this.#own.exceptOf(message) === member) return Sent.MORE;
    const sent = this.#output.deliver(subscription, message);
    if (sent === Sent.FULL) member.isFull = true;
    if (sent === Sent.REFUSED) this.#block(member);
    if (sent === Sent.MORE || sent === Sent.FULL) this.#counts.delivered++;
    return sent;
  }

  /** Tells all that follow the line of a gap. */
  gapForAll(line: Line<Owner>, gap: MachineGap): void {
    this.#tails.forget(line);
    for (const subscription of line.subscribers.values()) {
      const { lag } = subscription;
      if (lag === undefined) this.gap(subscription, gap);
      // It is told when it takes messages again; what it was to be given then is not what comes before the gap.
      else if (!lag.catchesUp) lag.latest = undefined;
    }
  }

  gap(subscription: Subscription<Owner>, gap: MachineGap): void {
    if (this.#output.gap(subscription, gap)) this.#counts.gaps[gap.reason] = (this.#counts.gaps[gap.reason] ?? 0) + 1;
  }

  /** It takes messages again: those that went without some are told, and follow their lines again. */
  rejoin(member: Member<Owner>): void {
    for (const subscription of member.subscriptions.values()) {
      const { lag } = subscription;
      if (lag === undefined || lag.catchesUp) continue;
      if (member.isFull) return;
      this.join(subscription);
      const { latest, place: last, skipped } = lag;
      if (latest === undefined || skipped > 1) this.gap(subscription, { reason: 'slow', last, next: latest });
      if (latest === undefined || subscription.isOver) continue;
      if (this.#give(subscription, latest, subscription.line)) this.#counts.delivered++;
    }
  }

  /** It is where its line is. */
  join(subscription: Subscription<Owner>): void {
    subscription.lag = undefined;
    subscription.line.lagging--;
  }

  /** Returns whether it was given the message. */
  #give(subscription: Subscription<Owner>, message: Delivery, line: Line<Owner>): boolean {
    const sent = this.#output.deliver(subscription, message);
    if (sent === Sent.MORE) return true;
    if (sent === Sent.FULL) {
      subscription.member.isFull = true;
      return true;
    }
    if (sent === Sent.ENDED || sent === Sent.TAPPED || subscription.isOver) return false;
    this.#block(subscription.member);
    this.#fallBehind(subscription, message, line.place);
    return false;
  }

  #block(member: Member<Owner>): void {
    member.isFull = true;
    this.blocked.add(member);
  }

  /** Its socket takes no more: what becomes of this message and those that follow. */
  #fallBehind(subscription: Subscription<Owner>, message: Delivery, place: Place | undefined): void {
    const { slow, line, member } = subscription;
    if (slow === 'terminate') return this.#output.end(member);
    // After a gap the line may be elsewhere: the message itself says what it follows.
    const { epoch, previous, after = '' } = message;
    const isThere = !this.#hasHistory || (place?.epoch === epoch && place.offset === previous);
    const lag = new Lag(
      isThere ? place : { epoch, offset: previous, stamp: after },
      slow === 'catch-up' && this.#hasHistory,
    );
    subscription.lag = lag;
    line.lagging++;
    this.#goPast(lag, subscription, message);
  }

  #goPast(lag: Lag, { slow }: Subscription<Owner>, message: Delivery): void {
    if (lag.catchesUp) return;
    this.#counts.skipped++;
    lag.skipped++;
    if (slow === 'latest') lag.latest = message;
  }
}
