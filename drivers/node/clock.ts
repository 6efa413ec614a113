import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from 'node:timers';
import type { Clock, Sleeper, Wake } from '../clock.ts';
import { each } from '../socket/guard.ts';

/** As it is now: test frameworks put another in its place, and a global may be a browser's (jsdom, Electron). */
const now = performance.now.bind(performance);

/**
 * The one of Node itself: Jest's fake timers hold back what is given to `process.nextTick`, unless they are told not to. Its
 * tests have a `process` of their own, which may be faked before this package is loaded.
 */
export function nextTickOf(own: Pick<NodeJS.Process, 'nextTick' | 'getBuiltinModule'>): typeof process.nextTick {
  const real = own.getBuiltinModule?.('node:process') ?? own;
  return real.nextTick.bind(real);
}

export const nextTick = nextTickOf(process);

/** The longest delay that a timer takes, about 24.8 days; a later wake-up comes early, which is allowed. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Time as Node has it. Timers don't keep the process alive, connections do; but a call that waits for the time does. */
export const nodeClock: Clock = {
  now,
  wakeAt: (at, callback, who) => {
    // What it waits for may be nothing to Node: a pause before it connects again, what a handler does in its last seconds.
    if (who !== undefined) return cancelable(startTimer(at, callback));
    const delay = at - now();
    if (delay < SHARED_FROM) return sleepAlone(at, callback);
    const sleeper = { onWake: callback };
    const timer = sleep(at, delay, sleeper);
    return { cancel: () => timer.cancel(sleeper) };
  },
  wakeSleeperAt: (at, sleeper) => {
    const delay = at - now();
    return delay >= SHARED_FROM ? sleep(at, delay, sleeper) : sleepAlone(at, () => sleeper.onWake());
  },
  // Timers run, then whatever can be read is, then this.
  afterReading: (callback) => {
    const immediate = setImmediate(callback);
    return { cancel: () => clearImmediate(immediate) };
  },
  // After the promise reactions that are due: a turn's sends leave together, those of awaiting code included.
  defer: (callback) => nextTick(callback),
};

/** Keeps the process alive until what it returns is called. */
export function holdProcess(): () => void {
  const timer = setInterval(() => {}, LONGEST_TIMEOUT);
  return () => clearInterval(timer);
}

/** Wake-ups at least so far away share a timer with those of about the same time. */
const SHARED_FROM = 512;

/** How late they may come, in milliseconds: by an eighth of the delay at most, and by half a second. */
function grainOf(delay: number): number {
  return delay < 4096 ? 64 : 512;
}

/** Those who sleep until one and the same time: a timer for each idle connection would be half of what it takes. */
class SharedTimer implements Wake {
  readonly #at: number;
  readonly #sleepers: Set<Sleeper>;
  readonly #timer: NodeJS.Timeout;

  constructor(at: number) {
    this.#at = at;
    this.#sleepers = new Set();
    this.#timer = startTimer(at, () => this.#wake()).unref();
  }

  add(sleeper: Sleeper): void {
    this.#sleepers.add(sleeper);
  }

  cancel(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper);
    if (this.#sleepers.size === 0) this.#close();
  }

  #wake(): void {
    this.#close();
    each(this.#sleepers, (sleeper) => {
      this.#sleepers.delete(sleeper);
      sleeper.onWake();
    });
  }

  #close(): void {
    clearTimeout(this.#timer);
    if (sharedTimers.get(this.#at) === this) sharedTimers.delete(this.#at);
  }
}

/** By the time at which they are due. */
const sharedTimers = new Map<number, SharedTimer>();

function sleep(at: number, delay: number, sleeper: Sleeper): SharedTimer {
  const grain = grainOf(delay);
  const due = Math.ceil(Math.min(at, now() + LONGEST_TIMEOUT - grain) / grain) * grain;
  let timer = sharedTimers.get(due);
  if (timer === undefined) {
    timer = new SharedTimer(due);
    sharedTimers.set(due, timer);
  }
  timer.add(sleeper);
  return timer;
}

function sleepAlone(at: number, callback: () => void): Wake {
  return cancelable(startTimer(at, callback).unref());
}

function cancelable(timer: NodeJS.Timeout): Wake {
  return { cancel: () => clearTimeout(timer) };
}

function startTimer(at: number, callback: () => void): NodeJS.Timeout {
  const delay = Math.ceil(at - now());
  return setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST_TIMEOUT));
}
