import type { Page } from '../engine.ts';
import { costOf } from '../names.ts';
import { isSamePlace, type Place } from '../position.ts';
import type { Deliverer } from './deliverer.ts';
import { type Delivery, type Fetch, type GapReason, type Line, LineState } from './line.ts';
import type { Counts, HubOutput } from './output.ts';

/**
 * Follows lines, one rule for all that can happen to them: the message that follows is given out, the one that was just
 * given out is a double, and whatever else comes is held until history has told what it means.
 */
export class Filling<Owner> {
  readonly #output: HubOutput<Owner>;
  readonly #deliverer: Deliverer<Owner>;
  readonly #counts: Counts;
  readonly #mostHeld: number;
  readonly #mostHeldBytes: number;
  /** Told when a line follows its topic again. */
  readonly #settled: (line: Line<Owner>) => void;
  #held: number;
  #heldBytes: number;

  constructor(
    output: HubOutput<Owner>,
    deliverer: Deliverer<Owner>,
    counts: Counts,
    mostHeld: number,
    mostHeldBytes: number,
    settled: (line: Line<Owner>) => void,
  ) {
    this.#output = output;
    this.#deliverer = deliverer;
    this.#counts = counts;
    this.#mostHeld = mostHeld;
    this.#mostHeldBytes = mostHeldBytes;
    this.#settled = settled;
    this.#held = 0;
    this.#heldBytes = 0;
  }

  /** How many messages wait for a hole to be filled. */
  get held(): number {
    return this.#held;
  }

  message(line: Line<Owner>, message: Delivery): void {
    if (line.state === LineState.LIVE) this.#take(line, message);
    // Before the engine is up again what comes may have anything missing before it: history has it.
    else if (line.state !== LineState.STALE) this.#hold(line, message);
  }

  /** Asks where the topic is by now. */
  check(line: Line<Owner>): void {
    line.state = LineState.CHECKING;
    this.#fetch({ line, subscription: undefined, isHead: true, since: undefined });
  }

  /** Asks what follows the line. */
  fill(line: Line<Owner>): void {
    line.state = LineState.FILLING;
    line.more.retracing = false;
    this.#ask(line, line.place);
  }

  /** Asks again what could not be answered. */
  retry(line: Line<Owner>): void {
    if (line.state === LineState.CHECKING) this.check(line);
    else if (line.state === LineState.FILLING) this.fill(line);
  }

  /** The engine is down: nothing that comes is of use until it is up. */
  stop(line: Line<Owner>): void {
    line.state = LineState.STALE;
    line.asked = undefined;
    this.#release(line);
  }

  /** Nobody follows it any more. */
  drop(line: Line<Owner>): void {
    line.asked = undefined;
    this.#release(line);
  }

  answeredHead(request: Fetch<Owner>, head: Place): void {
    const { line } = request;
    if (line.asked !== request) return;
    line.asked = undefined;
    if (line.epoch === '') line.moveTo(head);
    if (!line.isAt(head)) return this.fill(line);
    const { held, overflowed } = this.#release(line);
    if (line.hasMore) line.more.seen = [];
    line.state = LineState.LIVE;
    this.#takeHeld(line, held, overflowed);
  }

  answeredPage(request: Fetch<Owner>, page: Page): void {
    const { line } = request;
    if (line.asked !== request) return;
    line.asked = undefined;
    const { more } = line;
    if (page.hole === 'rewritten' && !more.retracing) {
      this.#counts.rewritten++;
      if (more.offsets.length > 0) {
        more.retracing = true;
        more.seen = more.stamps;
        return this.#ask(line, { epoch: line.epoch, offset: more.offsets[0] - 1, stamp: '' });
      }
    }
    const hole = more.retracing ? 'rewritten' : page.hole;
    // Of what was held, what may not have been given out yet.
    const floor = hole === 'forgotten' ? 0 : hole === 'rewritten' ? Infinity : line.offset;
    this.#giveOut(line, page, hole, floor);
    if (page.more && page.messages.length > 0) return this.fill(line);
    this.#comeToTheEnd(line, page, floor);
  }

  #giveOut(line: Line<Owner>, page: Page, hole: Page['hole'], floor: number): void {
    const { more } = line;
    const messages = page.messages.filter(({ stamp }) => !more.seen.includes(stamp));
    if (hole !== undefined) this.#gap(line, hole, messages[0] ?? this.#missed(line, page.position, floor)[0]);
    for (const message of messages) {
      if (line.epoch !== '' && (message.offset <= line.offset || message.epoch !== line.epoch)) continue;
      this.#advance(line, message);
      this.#counts.filled++;
    }
    const last = page.messages.at(-1);
    if (last !== undefined && (line.epoch === '' || last.offset >= line.offset)) line.moveTo(last);
  }

  /** History has told all that there was when it was asked. */
  #comeToTheEnd(line: Line<Owner>, page: Page, floor: number): void {
    const missed = this.#missed(line, page.position, floor);
    const { held, early, overflowed } = this.#release(line);
    // Not before: an outage may have come between the pages of a past that is gone through again.
    line.more.seen = [];
    line.state = LineState.LIVE;
    this.#counts.doubles += early - missed.length;
    if (line.epoch === '' && missed.length === 0) line.moveTo(page.position);
    for (const message of missed) {
      if (message.offset <= line.offset) continue;
      if (!line.isNext(message)) this.#gap(line, 'trimmed', message);
      this.#advance(line, message);
    }
    this.#takeHeld(line, this.#without(page, held.slice(early)), overflowed);
  }

  /**
   * Of what came before history was asked, what may not have been given out. It was in what history told, or has been lost again, or
   * is no longer kept.
   */
  #missed(line: Line<Owner>, head: Place, floor: number): Delivery[] {
    const { held, early } = line.more;
    const missed = held.slice(0, early).filter((message) => isUpTo(message, head) && message.offset > floor);
    return missed.sort((a, b) => a.offset - b.offset);
  }

  /** Of what came while history was asked, what it has not told already: on a busy topic, some of it always has. */
  #without({ messages }: Page, late: readonly Delivery[]): readonly Delivery[] {
    if (late.length === 0) return late;
    const told = new Map(messages.map((message) => [message.offset, message]));
    const rest = late.filter((message) => {
      const same = told.get(message.offset);
      return same === undefined || !isSamePlace(same, message);
    });
    this.#counts.doubles += late.length - rest.length;
    return rest;
  }

  /** `overflowed`: there was more than could be held, which only history has. */
  #takeHeld(line: Line<Owner>, held: readonly Delivery[], overflowed: boolean): void {
    for (const message of held) this.message(line, message);
    if (line.state === LineState.LIVE) this.#settled(line);
    // One of them was not the next, and has had history asked, which will tell of those behind it as well.
    else line.more.early = line.more.held.length;
    if (overflowed && line.state === LineState.LIVE) this.fill(line);
  }

  #take(line: Line<Owner>, message: Delivery): void {
    if (line.isNext(message)) return this.#advance(line, message);
    if (line.isAt(message)) {
      this.#counts.doubles++;
      return;
    }
    this.#hold(line, message);
    this.fill(line);
  }

  #advance(line: Line<Owner>, message: Delivery): void {
    this.#deliverer.toAll(line, message);
    line.moveTo(message);
    line.remember(message);
  }

  #gap(line: Line<Owner>, reason: GapReason, next: Place | undefined): void {
    this.#deliverer.gapForAll(line, { reason, last: line.place, next });
    line.detach();
  }

  #ask(line: Line<Owner>, since: Place | undefined): void {
    line.more.early = line.more.held.length;
    this.#fetch({ line, subscription: undefined, isHead: false, since });
  }

  #fetch(request: Fetch<Owner>): void {
    request.line.asked = request;
    this.#output.fetch(request);
  }

  #hold(line: Line<Owner>, message: Delivery): void {
    const { more } = line;
    const size = costOf(message.data);
    if (more.held.length >= this.#mostHeld || this.#heldBytes + size > this.#mostHeldBytes) {
      more.overflowed = true;
      return;
    }
    more.held.push(message);
    this.#held++;
    this.#heldBytes += size;
  }

  #release(line: Line<Owner>): { held: Delivery[]; early: number; overflowed: boolean } {
    if (!line.hasMore) return { held: [], early: 0, overflowed: false };
    const { held, early, overflowed } = line.more;
    this.#held -= held.length;
    for (const { data } of held) this.#heldBytes -= costOf(data);
    line.more.held = [];
    line.more.early = 0;
    line.more.overflowed = false;
    line.more.retracing = false;
    return { held, early, overflowed };
  }
}

function isUpTo({ epoch, offset }: Place, head: Place): boolean {
  return epoch === head.epoch && offset <= head.offset;
}
