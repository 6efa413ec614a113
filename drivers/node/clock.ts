import type { Clock, Wake } from '../clock.ts';

/** The longest delay that a timer takes, about 24.8 days; a later wake-up comes early, which is allowed. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Time as Node has it. Timers never keep the process alive: connections do. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  wakeAt: (at, callback): Wake => {
    const delay = Math.ceil(at - performance.now());
    const timer = setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST_TIMEOUT)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
  // After the promise reactions that are due: a turn's sends leave together, those of awaiting code included.
  defer: (callback) => process.nextTick(callback),
};
