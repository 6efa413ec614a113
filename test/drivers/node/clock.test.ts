import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nextTickOf, nodeClock } from '../../../drivers/node/clock.ts';

const HOUR = 60 * 60 * 1000;

// The clock takes Node's modules and no globals; those are what vitest knows how to fake.
vi.mock('node:timers', async (original) => ({
  ...(await original<typeof import('node:timers')>()),
  setTimeout: (callback: () => void, delay: number) => globalThis.setTimeout(callback, delay),
  clearTimeout: (timer: NodeJS.Timeout) => globalThis.clearTimeout(timer),
}));
vi.mock('node:perf_hooks', () => ({ performance: { now: () => globalThis.performance.now() } }));

describe('wake-ups', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  test.each([1, 100, 3999, 4000, 4001, 20_000, 12 * HOUR])(
    'in %d ms comes then, or half a second later at most',
    (delay) => {
      vi.advanceTimersByTime(777);
      const due = nodeClock.now() + delay;
      let at = NaN;
      nodeClock.wakeAt(due, () => (at = nodeClock.now()));
      vi.advanceTimersByTime(delay + 600);
      expect(at).toBeGreaterThanOrEqual(due);
      expect(at - due).toBeLessThan(514);
    },
  );

  test('that are far away share a timer, and leave none once they are called off', () => {
    const due = nodeClock.now() + 20_000;
    const wakes = Array.from({ length: 100 }, (_, i) => nodeClock.wakeAt(due + i, () => expect.unreachable()));
    expect(vi.getTimerCount()).toBeLessThanOrEqual(2);
    for (const wake of wakes) wake.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(HOUR);
  });

  test.each([100, 20_480])('in %d ms come to an object likewise, and may be called off for one of several', (delay) => {
    const due = nodeClock.now() + delay;
    const woken: number[] = [];
    const sleepers = [0, 1, 2].map((i) => ({ onWake: () => void woken.push(i) }));
    const wakes = sleepers.map((sleeper) => nodeClock.wakeSleeperAt!(due, sleeper));
    wakes[1].cancel(sleepers[1]);
    vi.advanceTimersByTime(delay + 600);
    expect(woken).toEqual([0, 2]);
    wakes.forEach((wake, i) => wake.cancel(sleepers[i])); // does no harm
    expect(vi.getTimerCount()).toBe(0);
  });

  test('may call off one another, and ask for more, when they come', () => {
    const due = nodeClock.now() + 20_480;
    const order: string[] = [];
    nodeClock.wakeAt(due, () => {
      order.push('first');
      second.cancel();
      nodeClock.wakeAt(due, () => order.push('at once'));
      nodeClock.wakeAt(due + 20_000, () => order.push('later'));
    });
    const second = nodeClock.wakeAt(due, () => expect.unreachable());
    vi.advanceTimersByTime(21_000);
    expect(order).toEqual(['first', 'at once']);
    vi.advanceTimersByTime(20_000);
    expect(order).toEqual(['first', 'at once', 'later']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that share a timer come all, whatever one of them throws', () => {
    const complain = vi.spyOn(console, 'error').mockImplementation(() => {});
    const due = nodeClock.now() + 20_480;
    const order: number[] = [];
    for (const one of [1, 2, 3]) {
      nodeClock.wakeAt(due, () => {
        order.push(one);
        if (one === 1) throw new Error('of the first');
      });
    }
    vi.advanceTimersByTime(21_000);
    expect(order).toEqual([1, 2, 3]);
    expect(complain).toHaveBeenCalledOnce();
    complain.mockRestore();
  });

  test('further away than a timer goes come early', () => {
    let calls = 0;
    nodeClock.wakeAt(nodeClock.now() + 1000 * 24 * HOUR, () => calls++);
    vi.advanceTimersByTime(2 ** 31);
    expect(calls).toBe(1);
  });

  test('of a call that waits have a timer each', () => {
    const wake = nodeClock.wakeAt(nodeClock.now() + 20_000, () => expect.unreachable(), 'receive');
    expect(vi.getTimerCount()).toBe(1);
    wake.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the tick', () => {
  const fake = (): void => {};

  const isKnown = typeof process.getBuiltinModule === 'function';
  test.runIf(isKnown)('is Node’s own, where a test framework has put another process in its place', async () => {
    const own = { nextTick: fake, getBuiltinModule: process.getBuiltinModule } as unknown as NodeJS.Process;
    await new Promise<void>((resolve) => nextTickOf(own)(resolve));
  });

  test('is that of the process that there is, where Node gives no other', async () => {
    const { nextTick } = process;
    await new Promise<void>((resolve) => nextTickOf({ nextTick } as unknown as NodeJS.Process)(resolve));
  });
});
