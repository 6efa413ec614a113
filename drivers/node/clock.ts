import type { Clock } from '../clock.ts';

/** The longest delay that a timer takes, about 24.8 days; a later wake-up comes early, which is allowed. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Time as Node has it. Timers never keep the process alive: connections do. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  wakeAt: (at, callback) => {
    const timer = startTimer(at, callback).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  // After the promise reactions that are due: a turn's sends leave together, those of awaiting code included.
  defer: (callback) => {
    if (deferred.length === 0) process.nextTick(runDeferred);
    deferred.push(callback);
  },
};

/** The same, for waits that are all that is going on: whoever waits to connect again wants to live to see it. */
export const waitingClock: Clock = {
  ...nodeClock,
  wakeAt: (at, callback) => {
    const timer = startTimer(at, callback);
    return { cancel: () => clearTimeout(timer) };
  },
};

function startTimer(at: number, callback: () => void): NodeJS.Timeout {
  const delay = Math.ceil(at - performance.now());
  return setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST_TIMEOUT));
}

/** What waits for the end of this turn. A tick for all of it costs less than one for each. */
let deferred: (() => void)[] = [];

function runDeferred(): void {
  const callbacks = deferred;
  deferred = [];
  for (const callback of callbacks) callback();
}
