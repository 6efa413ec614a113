import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../drivers/clock.ts';
import { WaitLimit } from '../../../drivers/promise/wait-limit.ts';
import { WaitTimeoutError } from '../../../protocol/index.ts';

/** A clock whose wake-ups the test calls. */
class HandClock implements Clock {
  time = 0;
  readonly wakes = new Set<() => void>();

  now(): number {
    return this.time;
  }

  afterReading(callback: () => void): { cancel(): void } {
    return this.wakeAt(0, callback);
  }

  wakeAt(_at: number, callback: () => void): { cancel(): void } {
    this.wakes.add(callback);
    return { cancel: () => void this.wakes.delete(callback) };
  }

  defer(callback: () => void): void {
    callback();
  }

  wake(): void {
    const [callback] = this.wakes;
    this.wakes.delete(callback);
    callback();
  }
}

describe('giving up', () => {
  test('a wake-up that comes early means nothing: it sleeps on until its time', () => {
    const clock = new HandClock();
    const reasons: unknown[] = [];
    new WaitLimit(undefined, 100, clock, (reason) => reasons.push(reason));
    clock.time = 99;
    clock.wake();
    expect([reasons.length, clock.wakes.size]).toEqual([0, 1]);
    clock.time = 100;
    clock.wake();
    expect(reasons).toEqual([]); // what has come by now is read first
    clock.wake();
    expect(reasons).toEqual([expect.any(WaitTimeoutError)]);
    expect(clock.wakes.size).toBe(0);
  });

  test('happens once, whichever comes first, and then holds nothing', () => {
    const clock = new HandClock();
    const controller = new AbortController();
    const reasons: unknown[] = [];
    new WaitLimit(controller.signal, 100, clock, (reason) => reasons.push(reason));
    controller.abort('first');
    expect(reasons).toEqual(['first']);
    expect(clock.wakes.size).toBe(0);
  });

  test('does not happen once it is called off', () => {
    const clock = new HandClock();
    const controller = new AbortController();
    const reasons: unknown[] = [];
    new WaitLimit(controller.signal, 100, clock, (reason) => reasons.push(reason)).callOff();
    controller.abort();
    expect([reasons.length, clock.wakes.size]).toEqual([0, 0]);
  });
});
