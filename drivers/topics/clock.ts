import { type OptionKind, withMethods } from '../../protocol/internal.ts';
import type { Clock, Wake } from '../clock.ts';

/** What of a runtime's timers is used here; the names are looked up when they are needed, so that they may be missing. */
interface Timers {
  setTimeout?(callback: () => void, delay: number): { unref?(): unknown } | number;
  clearTimeout?(timer: unknown): void;
  setImmediate?(callback: () => void): unknown;
  clearImmediate?(immediate: unknown): void;
  performance?: { now(): number };
}

/** The longest delay that a timer takes; a later wake-up comes early, which is allowed. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Time as the runtime has it. Its timers keep no process alive. */
export const hostClock: Clock = {
  now,
  wakeAt: (at, callback): Wake => {
    const { setTimeout, clearTimeout } = globalThis as Timers;
    if (typeof setTimeout !== 'function') throw new TypeError('this runtime has no timers: give the hub a `clock`');
    const timer = setTimeout(callback, Math.min(Math.max(Math.ceil(at - now()), 0), LONGEST_TIMEOUT));
    if (typeof timer === 'object') timer.unref?.();
    return { cancel: () => clearTimeout?.(timer) };
  },
  afterReading: (callback): Wake => {
    const { setImmediate, clearImmediate } = globalThis as Timers;
    if (typeof setImmediate !== 'function') return hostClock.wakeAt(now(), callback);
    const immediate = setImmediate(callback);
    return { cancel: () => clearImmediate?.(immediate) };
  },
  defer: (callback) => void Promise.resolve().then(callback),
};

function now(): number {
  const { performance } = globalThis as Timers;
  return performance === undefined ? Date.now() : performance.now();
}

/** A clock, as an option. */
export const CLOCK: OptionKind = withMethods('a clock', 'now', 'wakeAt', 'afterReading', 'defer');
