import type { Page } from '../engine.ts';
import type { Place } from '../position.ts';
import { CatchUp } from './catch-up.ts';
import { Deliverer } from './deliverer.ts';
import { Filling } from './filling.ts';
import { type Delivery, type Fetch, Lag, Line, LineState, type Member, type Slow, Subscription } from './line.ts';
import { type Counts, type HubOutput, noCounts } from './output.ts';
import { Own } from './own.ts';
import { Tails } from './tails.ts';

export interface HubMachineOptions<Owner> {
  readonly output: HubOutput<Owner>;
  /** Whether the engine gives messages their places, and tells what was missed. */
  readonly hasHistory: boolean;
  /** How many messages of a topic may wait for a hole to be filled, and be kept for those who catch up. */
  readonly mostHeld: number;
  /** And how many bytes of all topics. */
  readonly mostHeldBytes: number;
}

/**
 * What a hub decides, and nothing else: no socket, no engine, no clock. Its driver tells it what happens, in the order in
 * which it happens; what is to be done comes out by `HubOutput`, before the call returns.
 */
export class HubMachine<Owner = unknown> {
  readonly lines: Map<string, Line<Owner>>;
  readonly counts: Counts;
  /** This node's own publishes. */
  readonly own: Own<Owner>;
  readonly #output: HubOutput<Owner>;
  readonly #hasHistory: boolean;
  readonly #deliverer: Deliverer<Owner>;
  readonly #filling: Filling<Owner>;
  readonly #catchUp: CatchUp<Owner>;
  /** What could not be answered, to be asked again. */
  readonly #again: Set<Line<Owner> | Member<Owner>>;
  #isUp: boolean;
  #outages: number;
  #subscriptions: number;

  constructor({ output, hasHistory, mostHeld, mostHeldBytes }: HubMachineOptions<Owner>) {
    this.lines = new Map();
    this.counts = noCounts();
    this.own = new Own();
    this.#output = output;
    this.#hasHistory = hasHistory;
    const tails = new Tails<Owner>(mostHeld, mostHeldBytes);
    this.#deliverer = new Deliverer(output, this.counts, this.own, tails, hasHistory);
    this.#filling = new Filling(output, this.#deliverer, this.counts, mostHeld, mostHeldBytes, (line) =>
      this.#settled(line),
    );
    this.#catchUp = new CatchUp(output, this.#deliverer, this.counts, tails, (line) => {
      if (line.state === LineState.LIVE) this.#filling.fill(line);
    });
    this.#again = new Set();
    this.#isUp = false;
    this.#outages = 0;
    this.#subscriptions = 0;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** How many there are, of all sockets. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** How many messages wait for a hole to be filled. */
  get held(): number {
    return this.#filling.held;
  }

  /** Subscribes a socket to a topic; one that is already goes on as it is, with this policy. */
  subscribe(member: Member<Owner>, topic: string, slow: Slow, since?: Place): Subscription<Owner> {
    let line = this.lines.get(topic);
    const isNew = line === undefined;
    line ??= new Line(topic);
    const existing = line.subscribers.get(member);
    if (existing !== undefined) {
      existing.slow = slow;
      if (line.isReady) this.#output.began(existing);
      return existing;
    }
    const subscription = new Subscription(member, line, slow);
    line.subscribers.set(member, subscription);
    member.subscriptions.add(subscription);
    this.#subscriptions++;
    if (since !== undefined) {
      subscription.lag = new Lag(since, true);
      line.lagging++;
    }
    if (isNew) {
      line.outages = this.#outages;
      this.lines.set(topic, line);
      this.#output.open(line);
    } else if (line.isReady) {
      this.#begin(subscription);
      this.#catchUp.resume(member);
    }
    return subscription;
  }

  unsubscribe(subscription: Subscription<Owner>): void {
    const { member, line } = subscription;
    if (subscription.isOver) return;
    subscription.isOver = true;
    this.#subscriptions--;
    if (subscription.lag !== undefined) line.lagging--;
    member.subscriptions.delete(subscription);
    line.subscribers.delete(member);
    if (line.subscribers.size > 0) return;
    this.lines.delete(line.topic);
    this.#again.delete(line);
    this.#filling.drop(line);
    this.#output.shut(line);
  }

  /** The socket has ended. */
  leave(member: Member<Owner>): void {
    for (const subscription of [...member.subscriptions.values()]) this.unsubscribe(subscription);
    this.#deliverer.blocked.delete(member);
    this.#again.delete(member);
  }

  /** The engine has confirmed its subscription to the topic. */
  opened(line: Line<Owner>): void {
    if (line.isGone || line.state !== LineState.OPENING) return;
    if (!this.#hasHistory) this.#follow(line);
    else if (this.#isUp) this.#filling.check(line);
    else this.#filling.stop(line);
  }

  /** The engine refuses to subscribe to the topic: its subscriptions are over. */
  refused(line: Line<Owner>, error: unknown): void {
    for (const subscription of [...line.subscribers.values()]) {
      this.unsubscribe(subscription);
      this.#output.failed(subscription, error);
    }
  }

  /** A message has come from the engine. */
  message(message: Delivery): void {
    if (this.own.came(message.stamp)) {
      this.counts.doubles++;
      return;
    }
    this.#take(message);
  }

  /**
   * The engine has answered a publish of this node with where its message stands. Where it is the one that follows it is given out at
   * once. Where it is not, others are on their way before it, and it comes after them: taken now, it would be a hole.
   */
  published(message: Delivery): void {
    const line = this.lines.get(message.topic);
    if (line === undefined || line.state !== LineState.LIVE || !line.isNext(message)) return;
    if (this.own.answered(message.stamp)) this.#take(message);
  }

  up(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#again.clear();
    for (const line of this.lines.values()) {
      if (!this.#hasHistory) this.#tellOutage(line);
      else if (line.state !== LineState.OPENING) this.#filling.check(line);
    }
  }

  down(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#outages++;
    if (!this.#hasHistory) return;
    for (const line of this.lines.values()) {
      if (line.state !== LineState.OPENING) this.#filling.stop(line);
    }
  }

  /** History has told what was asked for. */
  answered(request: Fetch<Owner>, page: Page): void {
    if (request.subscription !== undefined) this.#catchUp.answered(request.subscription, page);
    else this.#filling.answeredPage(request, page);
  }

  /** The engine has told which message is the newest. */
  answeredHead(request: Fetch<Owner>, head: Place): void {
    this.#filling.answeredHead(request, head);
  }

  /** What was asked for could not be answered: it is asked again at a tick, or when the engine is up again. */
  failed(request: Fetch<Owner>): void {
    const { subscription, line } = request;
    if (subscription !== undefined) {
      this.#catchUp.failed(subscription);
      this.#again.add(subscription.member);
    } else if (line.asked === request) {
      this.#again.add(line);
    }
  }

  /** A socket that was full takes messages again. */
  drained(member: Member<Owner>): void {
    member.isFull = false;
    this.#deliverer.blocked.delete(member);
    this.#deliverer.rejoin(member);
    this.#catchUp.resume(member);
  }

  /** Some time has passed. */
  tick(): void {
    const again = [...this.#again];
    this.#again.clear();
    for (const one of again) {
      if (one instanceof Line) this.#filling.retry(one);
      else this.#catchUp.resume(one);
    }
    for (const member of [...this.#deliverer.blocked]) this.drained(member);
  }

  /** Everything that matters of its state beside what its lines and members show, for tests; `members` tells these apart. */
  describe(members: readonly Member<Owner>[]): string {
    const blocked = members.map((member) => this.#deliverer.blocked.has(member));
    const again = [...this.#again].map((one) => (one instanceof Line ? one.topic : members.indexOf(one)));
    return JSON.stringify([this.#isUp, blocked, again, this.own.describe()]);
  }

  #take(message: Delivery): void {
    const line = this.lines.get(message.topic);
    if (line === undefined) return;
    if (this.#hasHistory) return this.#filling.message(line, message);
    this.#tellOutage(line);
    this.#deliverer.toAll(line, message);
  }

  /** Without history an outage is all that is known, and is told before whatever comes next. */
  #tellOutage(line: Line<Owner>): void {
    if (line.outages === this.#outages) return;
    line.outages = this.#outages;
    if (line.isReady) this.#deliverer.gapForAll(line, { reason: 'outage', last: undefined, next: undefined });
  }

  /** The line follows its topic, without history. */
  #follow(line: Line<Owner>): void {
    line.state = LineState.LIVE;
    line.outages = this.#outages;
    this.#settled(line);
  }

  #settled(line: Line<Owner>): void {
    if (!line.isReady) {
      line.isReady = true;
      for (const subscription of [...line.subscribers.values()]) this.#begin(subscription);
    }
    if (line.lagging === 0) return;
    for (const { lag, member } of [...line.subscribers.values()]) {
      if (lag?.catchesUp === true) this.#catchUp.resume(member);
    }
  }

  #begin(subscription: Subscription<Owner>): void {
    if (subscription.isOver) return;
    this.#output.began(subscription);
    const { lag } = subscription;
    if (lag === undefined || this.#hasHistory || subscription.isOver) return;
    this.#deliverer.join(subscription);
    this.#deliverer.gap(subscription, { reason: 'trimmed', last: lag.place, next: undefined });
  }
}
