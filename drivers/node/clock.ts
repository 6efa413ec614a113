import type { Clock, Wake } from '../clock.ts';

/** The longest delay that a timer takes, about 24.8 days; a later wake-up comes early, which is allowed. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Time as Node has it. Timers never keep the process alive: connections do. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  wakeAt: (at, callback) => {
    if (at - performance.now() >= SHARED_FROM) return sleep(at, callback);
    const timer = startTimer(at, callback).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  // After the promise reactions that are due: a turn's sends leave together, those of awaiting code included.
  defer: (callback) => process.nextTick(callback),
};

/** The same, for waits that are all that is going on: whoever waits to connect again wants to live to see it. */
export const waitingClock: Clock = {
  ...nodeClock,
  wakeAt: (at, callback) => {
    const timer = startTimer(at, callback);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Wake-ups at least so far away share a timer with those of the same half second, and come up to that much late. */
const SHARED_FROM = 4000;
const GRAIN = 512;

/** Those who sleep until one and the same time: a timer for each idle connection would be half of what it takes. */
class Dormitory {
  readonly #hour: number;
  readonly #sleepers: Set<Sleeper>;
  readonly #timer: NodeJS.Timeout;

  constructor(hour: number) {
    this.#hour = hour;
    this.#sleepers = new Set();
    this.#timer = startTimer(hour * GRAIN, () => this.#wake()).unref();
  }

  add(sleeper: Sleeper): void {
    this.#sleepers.add(sleeper);
  }

  remove(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper);
    if (this.#sleepers.size === 0) this.#close();
  }

  #wake(): void {
    this.#close();
    for (const sleeper of this.#sleepers) {
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }

  #close(): void {
    clearTimeout(this.#timer);
    if (dormitories.get(this.#hour) === this) dormitories.delete(this.#hour);
  }
}

class Sleeper implements Wake {
  readonly #place: Dormitory;
  readonly #callback: () => void;

  constructor(place: Dormitory, callback: () => void) {
    this.#place = place;
    this.#callback = callback;
    place.add(this);
  }

  cancel(): void {
    this.#place.remove(this);
  }

  wake(): void {
    this.#callback();
  }
}

const dormitories = new Map<number, Dormitory>();

function sleep(at: number, callback: () => void): Wake {
  const hour = Math.ceil(Math.min(at, performance.now() + LONGEST_TIMEOUT - GRAIN) / GRAIN);
  let place = dormitories.get(hour);
  if (place === undefined) {
    place = new Dormitory(hour);
    dormitories.set(hour, place);
  }
  return new Sleeper(place, callback);
}

function startTimer(at: number, callback: () => void): NodeJS.Timeout {
  const delay = Math.ceil(at - performance.now());
  return setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST_TIMEOUT));
}
