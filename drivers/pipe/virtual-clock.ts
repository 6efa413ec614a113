import { BOOLEAN, checkOptions, FUNCTION, nameOf, NUMBER, type OptionTable } from '../../protocol/internal.ts';
import type { Clock, Wake } from '../clock.ts';
import { INSPECT, type Inspect } from '../socket/inspect.ts';
import { Schedule } from './schedule.ts';
import type { Entry } from './schedule.ts';
import { nextTurn } from './next-turn.ts';
import type { NextTurn } from './next-turn.ts';

/** Where a virtual clock begins, and what moves it. */
export interface VirtualClockOptions {
  /** What `now` starts at, in milliseconds. Default 0. */
  start?: number | undefined;
  /** Nothing runs outside of `advance` and `settle`. Default false: what carries bytes runs by itself. */
  manual?: boolean | undefined;
  /** How to wait for a turn of the event loop. Default: the best that the runtime has. */
  turn?: NextTurn | undefined;
}

const CLOCK_OPTIONS: OptionTable<VirtualClockOptions> = { start: NUMBER, manual: BOOLEAN, turn: FUNCTION };

/** The most that a synchronous call runs, since nothing could stop one that never ends. */
const MOST_STEPS = 10_000_000;

/**
 * A clock whose time is a number.
 *
 * Everything that is to happen stands in one queue, in order of time and then of arrival, and happens one by one. Between
 * two of them lies a turn of the event loop, so that whatever promises the first one settled have had their say before
 * the second: the order of a run depends on nothing but the program.
 *
 * Time moves by itself while bytes are on their way (`carryAt`); timers due before them fire on the way. Timers alone
 * (`wakeAt`) never move it: that is for `advance`.
 */
export class VirtualClock implements Clock {
  #time: number;
  readonly #manual: boolean;
  readonly #turn: NextTurn;
  readonly #schedule: Schedule;
  #deferred: (() => void)[];
  /** Who waits until nothing is left to be delivered at this time. */
  readonly #afterReading: Set<Entry>;
  readonly #advances: Advance[];
  #settles: Waiter[];
  #expecting: boolean;
  /** Timers that a call waits for, with what it is called. */
  readonly #waits: Map<Entry, string>;
  /** @internal Told that a call waits for a timer from now on. */
  onWait: (() => void) | undefined;
  /** @internal How many turns there were. */
  turns: number;
  #running: boolean;

  constructor(given?: VirtualClockOptions) {
    const options = checkOptions('VirtualClock', CLOCK_OPTIONS, given);
    this.#time = options.start ?? 0;
    this.#manual = options.manual ?? false;
    this.#turn = options.turn ?? nextTurn;
    this.#schedule = new Schedule();
    this.#deferred = [];
    this.#afterReading = new Set();
    this.#advances = [];
    this.#settles = [];
    this.#expecting = false;
    this.#waits = new Map();
    this.onWait = undefined;
    this.turns = 0;
    this.#running = false;
  }

  now(): number {
    return this.#time;
  }

  /** How many timers are set: none, once everything is closed. */
  get timers(): number {
    return this.#schedule.size - this.#schedule.carries + this.#afterReading.size;
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    return { now: this.#time, timers: this.timers };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `VirtualClock ${inspect(this.toJSON(), options)}`;
  }

  wakeAt(at: number, callback: () => void, who?: string): Wake {
    return this.#add(at, callback, false, who);
  }

  /** @internal The call that waits for the first of those timers, in words; undefined where none does. */
  describeWaits(): string | undefined {
    const [first] = [...this.#waits].sort(([{ at: one }], [{ at: other }]) => one - other);
    return first && `${first[1]} waits, for ${Math.max(0, Math.ceil(first[0].at - this.#time))} ms more`;
  }

  /** @internal The `settle` that waits for longest. */
  get settling(): object | undefined {
    return this.#settles[0];
  }

  /** As `wakeAt`, for bytes on their way: what moves time by itself. */
  carryAt(at: number, callback: () => void): Wake {
    return this.#add(at, callback, true);
  }

  afterReading(callback: () => void): Wake {
    checkCallback(callback);
    const entry = { at: this.#time, order: 0, run: callback, carries: false, isOverdue: false, place: -1 };
    this.#afterReading.add(entry);
    this.#expect();
    return { cancel: () => this.#afterReading.delete(entry) };
  }

  /**
   * Time goes on by `milliseconds` and nothing runs meanwhile, as where a program computes or is stopped; bytes that are on
   * their way arrive. Then comes what has come due, in Node's order: timers first, and then what can be read.
   */
  standStill(milliseconds: number): void {
    checkSpan(milliseconds);
    this.#time += milliseconds;
    this.#schedule.putTimersFirst(this.#time);
    this.#expect();
  }

  defer(callback: () => void): void {
    checkCallback(callback);
    this.#deferred.push(callback);
    this.#expect();
  }

  /**
   * Moves time on by `milliseconds` and runs all that comes due, in order. Resolves when that time has come and the
   * promises that it settled have run; rejects with what a callback threw.
   */
  advance(milliseconds: number): Promise<void> {
    checkSpan(milliseconds);
    const at = this.#time + milliseconds;
    return new Promise((resolve, reject) => {
      const later = this.#advances.findIndex((advance) => advance.at > at);
      this.#advances.splice(later < 0 ? this.#advances.length : later, 0, { at, resolve, reject });
      this.#expect();
    });
  }

  /** Runs until no byte is on its way and nothing is due. Time moves only as far as that takes. */
  settle(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settles.push({ resolve, reject });
      this.#expect();
    });
  }

  /** `advance` without a turn of the event loop: for what uses no promises. Throws what a callback throws. */
  advanceSync(milliseconds: number): void {
    checkSpan(milliseconds);
    const until = this.#time + milliseconds;
    this.#runSync(() => {
      const first = this.#due ?? this.#schedule.first;
      return first !== undefined && first.at <= until ? first : undefined;
    });
    this.#time = Math.max(this.#time, until);
  }

  /** `settle` without a turn of the event loop. */
  settleSync(): void {
    this.#runSync(() => {
      const first = this.#due ?? this.#schedule.first;
      return first !== undefined && (first.at <= this.#time || this.#schedule.carries > 0) ? first : undefined;
    });
  }

  #add(at: number, callback: () => void, carries: boolean, who?: string): Wake {
    if (typeof at !== 'number') throw new TypeError(`a time must be a number of milliseconds, not ${nameOf(at)}`);
    if (Number.isNaN(at)) throw new RangeError('a time must not be NaN');
    checkCallback(callback);
    if (at === Infinity) return NEVER;
    const entry = this.#schedule.add(at, callback, carries);
    if (who !== undefined) {
      this.#waits.set(entry, who);
      this.onWait?.();
    }
    this.#expect();
    return { cancel: () => this.#remove(entry) };
  }

  /** Asks for a turn, when there is something to do in it. */
  #expect(): void {
    if (this.#expecting) return;
    const awaited = this.#advances.length > 0 || this.#settles.length > 0;
    if (!awaited && (this.#manual || (this.#deferred.length === 0 && this.#next() === undefined))) return;
    this.#expecting = true;
    this.#turn(() => this.#takeTurn());
  }

  /** One turn: all that was deferred, or the next entry, or the end of a wait. */
  #takeTurn(): void {
    this.turns++;
    this.#expecting = false;
    try {
      if (this.#deferred.length > 0) return this.#runDeferred();
      const entry = this.#next();
      if (entry !== undefined) return this.#run(entry);
      const advance = this.#advances.shift();
      if (advance !== undefined) {
        this.#time = Math.max(this.#time, advance.at);
        return advance.resolve();
      }
      const settled = this.#settles;
      this.#settles = [];
      for (const waiter of settled) waiter.resolve();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#expect();
    }
  }

  /** What is due by now; those who wait for what is to be read come last. */
  get #due(): Entry | undefined {
    const first = this.#schedule.first;
    if (first !== undefined && first.at <= this.#time) return first;
    const [waiting] = this.#afterReading;
    return waiting;
  }

  /** The entry that may run now. */
  #next(): Entry | undefined {
    const due = this.#due;
    const first = this.#schedule.first;
    if (due !== undefined || first === undefined) return due;
    const advance = this.#advances[0];
    if (advance !== undefined) return first.at <= advance.at ? first : undefined;
    const moves = this.#schedule.carries > 0 && (!this.#manual || this.#settles.length > 0);
    return moves ? first : undefined;
  }

  #remove(entry: Entry): void {
    this.#schedule.remove(entry);
    this.#waits.delete(entry);
  }

  #run(entry: Entry): void {
    this.#remove(entry);
    this.#afterReading.delete(entry);
    this.#time = Math.max(this.#time, entry.at);
    this.#guard(entry.run);
  }

  #runDeferred(): void {
    const callbacks = this.#deferred;
    this.#deferred = [];
    let done = 0;
    try {
      for (; done < callbacks.length; done++) this.#guard(callbacks[done]!);
    } finally {
      // One that threw does not take the others with it.
      if (done < callbacks.length) this.#deferred.unshift(...callbacks.slice(done + 1));
    }
  }

  #runSync(next: () => Entry | undefined): void {
    if (this.#running) throw new Error('the clock is running: no synchronous advance inside a callback');
    for (let steps = 0; ; steps++) {
      if (steps === MOST_STEPS) throw new Error(`the clock did not come to rest within ${MOST_STEPS} steps`);
      if (this.#deferred.length > 0) {
        this.#runDeferred();
        continue;
      }
      const entry = next();
      if (entry === undefined) return;
      this.#run(entry);
    }
  }

  #guard(callback: () => void): void {
    this.#running = true;
    try {
      callback();
    } finally {
      this.#running = false;
    }
  }

  /** A callback threw: who waits is told; with nobody waiting it is nobody's to catch. */
  #fail(error: unknown): void {
    const waiters = [...this.#advances.splice(0), ...this.#settles.splice(0)];
    if (waiters.length === 0) throw error;
    for (const waiter of waiters) waiter.reject(error);
  }
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

interface Advance extends Waiter {
  readonly at: number;
}

const NEVER: Wake = { cancel() {} };

/** Once it is due, nobody would know whose it is. */
function checkCallback(callback: () => void): void {
  if (typeof callback !== 'function') throw new TypeError(`a callback must be a function, not ${nameOf(callback)}`);
}

function checkSpan(milliseconds: number): void {
  if (typeof milliseconds !== 'number') throw new TypeError('a span of time must be a number of milliseconds');
  if (!(milliseconds >= 0 && milliseconds < Infinity))
    throw new RangeError('a span of time must be finite and not negative');
}
