/** One hub's machine between an engine that fails in every way and subscribers that are slow: its moves and its laws. */
import type { EngineMessage, Page } from '../../drivers/topics/engine.ts';
import { HubMachine } from '../../drivers/topics/hub/machine.ts';
import { type Fetch, Member, type Slow } from '../../drivers/topics/hub/line.ts';
import { type HubOutput, Sent } from '../../drivers/topics/hub/output.ts';
import type { Place } from '../../drivers/topics/position.ts';
import { assert } from '../support/target.ts';
import { LogModel, TOPIC } from './model.ts';

export const MOVES = [
  'publish',
  'own',
  'answerOwn',
  'arrive',
  'repeat',
  'execute',
  'answer',
  'cut',
  'connect',
  'clear',
  'failOver',
  'trim',
  'fill',
  'drain',
  'refuse',
  'tick',
  'join',
  'resume',
] as const;
export type Move = (typeof MOVES)[number];

/** How often each of these may happen. */
export interface Bounds {
  readonly publishes: number;
  readonly faults: number;
}

/** A subscriber, and what it was told: numbers of messages, or a gap. */
class Reader {
  readonly policy: Slow;
  readonly log: (number | 'gap')[] = [];
  isFull = false;
  refuses = 0;
  /** The first number that it is owed; undefined before it has begun. */
  since: number | undefined;

  constructor(policy: Slow) {
    this.policy = policy;
  }
}

interface Asked {
  readonly request: Fetch<Reader>;
  answer: Page | undefined;
}

/** Messages of a page. */
const LIMIT = 2;

export class World implements HubOutput<Reader> {
  readonly #log = new LogModel();
  readonly #machine: HubMachine<Reader>;
  readonly #members: Member<Reader>[] = [];
  readonly #bounds: Bounds;
  #wire: EngineMessage[] = [];
  #last: EngineMessage | undefined;
  #asked: Asked[] = [];
  #isConnected = false;
  #published = 0;
  #faults = 0;
  /** The node's own publishes that the engine has not answered. */
  #own: EngineMessage[] = [];
  #owned = 0;
  #ticks = 0;

  constructor(bounds: Bounds = { publishes: 4, faults: 2 }) {
    this.#bounds = bounds;
    this.#machine = new HubMachine({ output: this, hasHistory: true, mostHeld: 2, mostHeldBytes: 1000 });
    this.#connect();
    for (const policy of ['catch-up', 'skip', 'latest'] as const) this.#subscribe(policy);
    this.#answerAll();
  }

  open(line: Parameters<HubOutput<Reader>['open']>[0]): void {
    this.#machine.opened(line);
  }

  shut(): void {}

  fetch(request: Fetch<Reader>): void {
    this.#asked.push({ request, answer: undefined });
  }

  deliver({ member }: { member: Member<Reader> }, { data }: EngineMessage): Sent {
    const reader = member.owner;
    if (reader.refuses > 0) {
      reader.refuses--;
      return Sent.REFUSED;
    }
    const number = Number(data);
    const last = reader.log.findLast((one) => one !== 'gap') as number | undefined;
    assert(last === undefined || number > last, `${reader.policy} was given ${number} after ${last}`);
    reader.log.push(number);
    if (!reader.isFull) return Sent.MORE;
    return Sent.FULL;
  }

  gap({ member }: { member: Member<Reader> }): boolean {
    const { log, policy } = member.owner;
    log.push('gap');
    const gaps = log.filter((one) => one === 'gap').length;
    assert(
      policy !== 'catch-up' || gaps <= this.#faults,
      () => `${gaps} gaps for ${this.#faults} faults: ${log.join()}`,
    );
    return true;
  }

  began({ member }: { member: Member<Reader> }): void {
    member.owner.since ??= this.#published + 1;
  }

  failed(): void {
    assert(false, 'a subscription was refused');
  }

  end(): void {
    assert(false, 'nobody is to be ended');
  }

  moves(): Move[] {
    return MOVES.filter((move) => this.#may(move));
  }

  make(move: Move): void {
    const [reader] = this.#members.map(({ owner }) => owner);
    switch (move) {
      case 'publish':
        return void this.#publish();
      case 'own': {
        this.#owned++;
        const message = this.#publish();
        this.#machine.own.begin(message.stamp, undefined);
        this.#own.push(message);
        return;
      }
      case 'answerOwn': {
        const message = this.#own.shift()!;
        this.#machine.published({ ...message });
        this.#machine.own.end(message.stamp);
        return;
      }
      case 'arrive':
        this.#last = this.#wire.shift()!;
        return this.#machine.message({ ...this.#last });
      case 'repeat':
        this.#faults++;
        return this.#machine.message({ ...this.#last! });
      case 'execute':
        return this.#execute(this.#asked.find(({ answer }) => answer === undefined)!);
      case 'answer':
        return this.#answer(this.#asked.shift()!);
      case 'cut':
        this.#faults++;
        return this.#cut();
      case 'connect':
        return this.#connect();
      case 'clear':
        this.#faults++;
        return this.#log.clear();
      case 'failOver':
        this.#faults++;
        // Whoever was connected to what has failed is cut off.
        this.#log.failOver(1);
        return this.#cut();
      case 'trim':
        this.#faults++;
        return this.#log.trim(1);
      case 'fill':
        for (const { owner } of this.#members) owner.isFull = true;
        return;
      case 'drain':
        return this.#drain();
      case 'refuse':
        this.#faults++;
        reader!.refuses = 1;
        return;
      case 'tick':
        this.#ticks++;
        return this.#machine.tick();
      case 'join':
        return this.#subscribe('catch-up');
      case 'resume':
        return this.#subscribe('catch-up', { ...this.#log.messages[0]! });
    }
  }

  /** Lets everything come to rest: then nothing is owed to anybody. And once more, with another message at the end. */
  settle(): void {
    this.#answerAll();
    if (!this.#isConnected) this.#connect();
    while (this.#own.length > 0) this.make('answerOwn');
    for (const { owner } of this.#members) owner.refuses = 0;
    this.#rest();
    this.#publish();
    this.#rest();
    for (const { owner } of this.#members) this.#judgeEnd(owner);
  }

  #rest(): void {
    for (let i = 0; i < 20; i++) {
      while (this.#wire.length > 0) this.make('arrive');
      this.#answerAll();
      this.#drain();
      this.#machine.tick();
    }
    assert(this.#asked.length === 0 && this.#machine.held === 0, 'it does not come to rest');
    for (const { owner } of this.#members) this.#judge(owner);
  }

  /** All that makes a difference for what can follow. */
  fingerprint(): string {
    const lines = [...this.#machine.lines.values()].map((line) => line.describe());
    const members = this.#members.map(({ owner, isFull, catching, subscriptions }) => {
      const lags = [...subscriptions.values()].map(({ lag }) => lag && [lag.place, lag.skipped, lag.latest?.data]);
      return [owner.log, owner.isFull, owner.refuses, owner.since, isFull, catching !== undefined, lags];
    });
    const asked = this.#asked.map(({ request, answer }) => [
      request.isHead,
      request.since,
      this.#members.findIndex((member) => member === request.subscription?.member),
      request.line.asked === request,
      answer,
    ]);
    const own = this.#own.map(({ data }) => data);
    const machine = this.#machine.describe(this.#members);
    const state = [lines, machine, members, asked, own, this.#owned, this.#log.describe(), [...this.#log.erased]];
    return JSON.stringify([state, this.#wire, this.#last?.data, this.#isConnected, this.#faults, this.#ticks]);
  }

  #may(move: Move): boolean {
    const mayFail = this.#faults < this.#bounds.faults;
    switch (move) {
      case 'publish':
        return this.#published < this.#bounds.publishes;
      case 'own':
        return this.#published < this.#bounds.publishes && this.#isConnected && this.#owned < 2;
      case 'answerOwn':
        return this.#own.length > 0;
      case 'arrive':
        return this.#wire.length > 0;
      case 'repeat':
        // No engine sends what it has lost.
        return mayFail && this.#isConnected && this.#last !== undefined && this.#log.has(this.#last);
      case 'execute':
        return this.#isConnected && this.#asked.some(({ answer }) => answer === undefined);
      case 'answer':
        return this.#asked.length > 0 && (!this.#isConnected || this.#asked[0]!.answer !== undefined);
      case 'cut':
        return mayFail && this.#isConnected;
      case 'connect':
        return !this.#isConnected;
      case 'clear':
      case 'failOver':
      case 'trim':
        return mayFail && this.#log.messages.length > 0;
      case 'fill':
        return this.#members.some(({ owner }) => !owner.isFull);
      case 'drain':
        return this.#members.some(({ owner }) => owner.isFull);
      case 'refuse':
        return mayFail && this.#members[0]!.owner.refuses === 0;
      case 'tick':
        return this.#ticks < 2;
      case 'join':
        return this.#members.length < 4;
      case 'resume':
        return this.#members.length < 4 && this.#log.messages.length > 0;
    }
  }

  #publish(): EngineMessage {
    const message = this.#log.publish(String(++this.#published));
    if (this.#isConnected) this.#wire.push(message);
    return message;
  }

  #subscribe(policy: Slow, since?: Place): void {
    const reader = new Reader(policy);
    const member = new Member(reader);
    if (since !== undefined) {
      const number = Number((since as EngineMessage).data);
      reader.since = number + 1;
      reader.log.push(number);
    }
    this.#members.push(member);
    this.#machine.subscribe(member, TOPIC, policy, since);
  }

  #connect(): void {
    this.#isConnected = true;
    this.#machine.up();
  }

  /** What was asked for and not answered is lost with the connection, and the caller is told. */
  #cut(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#wire = [];
    this.#machine.down();
    for (const { stamp } of this.#own) this.#machine.own.end(stamp);
    this.#own = [];
  }

  #drain(): void {
    for (const member of this.#members) {
      if (!member.owner.isFull && !member.isFull) continue;
      member.owner.isFull = false;
      this.#machine.drained(member);
    }
  }

  #execute(asked: Asked): void {
    asked.answer = this.#log.page(asked.request.since, LIMIT);
  }

  #answer({ request, answer }: Asked): void {
    if (answer === undefined) this.#machine.failed(request);
    else if (request.isHead) this.#machine.answeredHead(request, answer.position);
    else this.#machine.answered(request, answer);
  }

  #answerAll(): void {
    for (let i = 0; this.#asked.length > 0; i++) {
      assert(i < 100, 'it asks without end');
      if (this.#isConnected && this.#asked[0]!.answer === undefined) this.#execute(this.#asked[0]!);
      this.#answer(this.#asked.shift()!);
    }
  }

  /** Every message since it began was given to it, or a gap stands where it would be. */
  #judge({ log, since, policy }: Reader): void {
    assert(since !== undefined, 'a subscription did not begin');
    const numbers = log.filter((one) => one !== 'gap');
    for (let number = since; number <= this.#published; number++) {
      if (numbers.includes(number) || this.#log.erased.has(String(number))) continue;
      const before = log.findLastIndex((one) => one !== 'gap' && one < number);
      const after = log.findIndex((one) => one !== 'gap' && one > number);
      const told = log.slice(before + 1, after < 0 ? undefined : after).includes('gap');
      assert(told, () => `${policy} has missed ${number} of ${this.#published}, told ${JSON.stringify(log)}`);
    }
  }

  /** What is published when all is well comes. */
  #judgeEnd({ log, policy }: Reader): void {
    const follows = log.at(-1) === this.#published || log.at(-1) === 'gap';
    assert(policy !== 'catch-up' || follows, () => `${policy} does not follow: ${log.join()}`);
  }
}
