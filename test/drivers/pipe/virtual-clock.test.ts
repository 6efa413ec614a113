import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../drivers/pipe/virtual-clock.ts';

const HOUR = 3_600_000;

/** A log to which callbacks write their name and the time. */
function recorder(clock: VirtualClock) {
  const log: [string, number][] = [];
  return { log, note: (name: string) => () => void log.push([name, clock.now()]) };
}

describe('advance', () => {
  test('fires what comes due, by time and then by order, each at its own time', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.wakeAt(20, note('c'));
    clock.wakeAt(10, note('a'));
    clock.wakeAt(10, note('b'));
    clock.wakeAt(31, note('later'));
    await clock.advance(30);
    expect(log).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 20],
    ]);
    expect(clock.now()).toBe(30);
    expect(clock.timers).toBe(1);
  });

  test('fires what callbacks set meanwhile', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.wakeAt(10, () => clock.wakeAt(15, note('nested')));
    await clock.advance(15);
    expect(log).toEqual([['nested', 15]]);
  });

  test('lets promise chains of any length settle between two events', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.wakeAt(10, () => {
      void (async () => {
        for (let i = 0; i < 1000; i++) await undefined;
        log.push('chain of the first');
      })();
    });
    clock.wakeAt(10, () => log.push('second'));
    await clock.advance(10);
    expect(log).toEqual(['chain of the first', 'second']);
  });

  test('lets the chains of the last event settle before it resolves', async () => {
    const clock = new VirtualClock();
    let settled = false;
    clock.wakeAt(10, () => {
      void (async () => {
        for (let i = 0; i < 1000; i++) await undefined;
        settled = true;
      })();
    });
    await clock.advance(10);
    expect(settled).toBe(true);
  });

  test('a wake-up that was called off does not come, and is no longer counted', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    const wake = clock.wakeAt(10, note('cancelled'));
    expect(clock.timers).toBe(1);
    wake.cancel();
    wake.cancel();
    expect(clock.timers).toBe(0);
    await clock.advance(20);
    expect(log).toEqual([]);
  });

  test('cancelling what has fired does nothing to others', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    const wake = clock.wakeAt(10, note('a'));
    await clock.advance(10);
    clock.wakeAt(20, note('b'));
    wake.cancel();
    await clock.advance(10);
    expect(log).toEqual([
      ['a', 10],
      ['b', 20],
    ]);
  });

  test('two at once each go their own way from where time stood', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.wakeAt(10, note('ten'));
    clock.wakeAt(20, note('twenty'));
    const long = clock.advance(20).then(note('long'));
    const short = clock.advance(10).then(note('short'));
    await Promise.all([long, short]);
    expect(log).toEqual([
      ['ten', 10],
      ['short', 10],
      ['twenty', 20],
      ['long', 20],
    ]);
  });

  test('an hour of wake-ups every second passes', async () => {
    const clock = new VirtualClock();
    let ticks = 0;
    const tick = () => {
      ticks++;
      clock.wakeAt(clock.now() + 1000, tick);
    };
    clock.wakeAt(1000, tick);
    await clock.advance(HOUR);
    expect(ticks).toBe(3600);
  });

  test('a wake-up that never comes is none', async () => {
    const clock = new VirtualClock();
    clock.wakeAt(Infinity, () => expect.unreachable()).cancel();
    expect(clock.timers).toBe(0);
    await clock.advance(HOUR);
  });

  test('what a callback throws rejects it, and the clock goes on', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.wakeAt(10, () => {
      throw new Error('bug');
    });
    clock.wakeAt(20, note('after'));
    await expect(clock.advance(30)).rejects.toThrow('bug');
    expect(clock.now()).toBe(10);
    await clock.advance(20);
    expect(log).toEqual([['after', 20]]);
  });

  test('a span must be finite and not negative', () => {
    const clock = new VirtualClock();
    for (const span of [-1, NaN, Infinity]) {
      expect(() => clock.advance(span)).toThrow(RangeError);
      expect(() => clock.advanceSync(span)).toThrow(RangeError);
    }
    expect(() => clock.advance('1' as unknown as number)).toThrow(TypeError);
    expect(() => clock.wakeAt(NaN, () => {})).toThrow(RangeError);
    expect(() => clock.wakeAt('5' as never, () => {})).toThrow(
      new TypeError('a time must be a number of milliseconds, not a string'),
    );
    for (const misuse of [
      () => clock.wakeAt(5, 5 as never),
      () => clock.carryAt(5, 5 as never),
      () => clock.afterReading(5 as never),
      () => clock.defer(5 as never),
    ]) {
      expect(misuse).toThrow(new TypeError('a callback must be a function, not the number 5'));
    }
    expect(clock.timers).toBe(0);
  });
});

describe('time by itself', () => {
  test('bytes on their way move it, and timers due before them fire on the way', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.wakeAt(5, note('timer'));
    clock.wakeAt(50, note('late timer'));
    await new Promise<void>((resolve) => {
      clock.carryAt(10, note('bytes'));
      clock.carryAt(20, () => (note('more bytes')(), resolve()));
    });
    expect(log).toEqual([
      ['timer', 5],
      ['bytes', 10],
      ['more bytes', 20],
    ]);
    await clock.settle();
    expect(clock.now()).toBe(20);
  });

  test('timers alone never move it', async () => {
    const clock = new VirtualClock();
    clock.wakeAt(5, () => expect.unreachable());
    await clock.settle();
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(clock.now()).toBe(0);
  });

  test('a timer that is already due fires', async () => {
    const clock = new VirtualClock({ start: 100 });
    await new Promise<void>((resolve) => clock.wakeAt(50, resolve));
    expect(clock.now()).toBe(100);
  });

  test('an advance holds back bytes that arrive after its end until it has resolved', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.carryAt(10, note('bytes'));
    await clock.advance(9);
    expect(clock.now()).toBe(9);
    expect(log).toEqual([]);
    await clock.settle();
    expect(log).toEqual([['bytes', 10]]);
  });

  test('a manual clock moves in advance and settle only', async () => {
    const clock = new VirtualClock({ manual: true });
    const { log, note } = recorder(clock);
    clock.carryAt(10, note('bytes'));
    clock.carryAt(20, note('more bytes'));
    clock.defer(note('deferred'));
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
    await clock.advance(10);
    expect(log).toEqual([
      ['deferred', 0],
      ['bytes', 10],
    ]);
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(clock.now()).toBe(10);
    await clock.settle();
    expect(log.at(-1)).toEqual(['more bytes', 20]);
  });

  test('settle waits for what follows from what it runs', async () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.carryAt(10, () => void Promise.resolve().then(() => clock.carryAt(20, note('answer'))));
    await clock.settle();
    expect(log).toEqual([['answer', 20]]);
  });
});

describe('defer', () => {
  test('runs after the event that asked for it and its promises, before the next event', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.wakeAt(10, () => {
      clock.defer(() => log.push('deferred'));
      void Promise.resolve().then(() => log.push('promise'));
      log.push('first');
    });
    clock.wakeAt(10, () => log.push('second'));
    await clock.advance(10);
    expect(log).toEqual(['first', 'promise', 'deferred', 'second']);
  });

  test('runs by itself', async () => {
    const clock = new VirtualClock();
    await new Promise<void>((resolve) => clock.defer(resolve));
    expect(clock.now()).toBe(0);
  });

  test('one that throws does not take the others with it', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.defer(() => log.push('before'));
    clock.defer(() => {
      throw new Error('bug');
    });
    clock.defer(() => log.push('after'));
    await expect(clock.settle()).rejects.toThrow('bug');
    await clock.settle();
    expect(log).toEqual(['before', 'after']);
  });
});

describe('without promises', () => {
  test('advanceSync runs what comes due and what was deferred, in order', () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.wakeAt(10, () => clock.defer(note('deferred')));
    clock.carryAt(10, note('bytes'));
    clock.wakeAt(11, note('later'));
    clock.advanceSync(10);
    expect(log).toEqual([
      ['deferred', 10],
      ['bytes', 10],
    ]);
    clock.advanceSync(5);
    expect(log.at(-1)).toEqual(['later', 11]);
    expect(clock.now()).toBe(15);
  });

  test('settleSync delivers what is on its way and moves no further', () => {
    const clock = new VirtualClock();
    const { log, note } = recorder(clock);
    clock.carryAt(10, () => clock.carryAt(15, note('answer')));
    clock.wakeAt(12, note('timer'));
    clock.wakeAt(16, note('never'));
    clock.settleSync();
    expect(log).toEqual([
      ['timer', 12],
      ['answer', 15],
    ]);
    expect(clock.now()).toBe(15);
  });

  test('neither may be called inside a callback', () => {
    const clock = new VirtualClock();
    const errors: unknown[] = [];
    const attempt = (call: () => void) => () => {
      try {
        call();
      } catch (error) {
        errors.push(error);
      }
    };
    clock.wakeAt(
      1,
      attempt(() => clock.advanceSync(1)),
    );
    clock.wakeAt(
      2,
      attempt(() => clock.settleSync()),
    );
    clock.advanceSync(5);
    expect(errors.map(String)).toEqual(new Array(2).fill(expect.stringContaining('inside a callback')));
  });

  test('what a callback throws comes out, and the clock goes on', () => {
    const clock = new VirtualClock();
    clock.wakeAt(1, () => {
      throw new Error('bug');
    });
    expect(() => clock.advanceSync(5)).toThrow('bug');
    clock.advanceSync(4);
    expect(clock.now()).toBe(5);
  });
});

test('the clock needs nothing of the runtime but promises', async () => {
  const { makeNextTurn } = await import('../../../drivers/pipe/next-turn.ts');
  const clock = new VirtualClock({ turn: makeNextTurn({}) });
  const { log, note } = recorder(clock);
  clock.wakeAt(10, note('timer'));
  clock.carryAt(20, note('bytes'));
  await clock.advance(30);
  expect(log).toEqual([
    ['timer', 10],
    ['bytes', 20],
  ]);
});
