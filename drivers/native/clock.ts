import type { Clock } from '../clock.ts';

/** The longest delay that a timer takes, about 24.8 days; a later wake-up comes early, which is allowed. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Time as the web's globals have it. */
export const webClock: Clock = {
  now: () => performance.now(),
  wakeAt: (at, callback) => {
    const delay = Math.min(Math.max(Math.ceil(at - performance.now()), 0), LONGEST_TIMEOUT);
    const timer = setTimeout(callback, delay);
    return { cancel: () => clearTimeout(timer) };
  },
  // A task of its own, behind those that are waiting: no runtime says more about their order.
  afterReading: (callback) => {
    const timer = setTimeout(callback, 0);
    return { cancel: () => clearTimeout(timer) };
  },
  // Not by `queueMicrotask`, which fake timers hold back.
  defer: (callback) => void Promise.resolve().then(callback),
};
