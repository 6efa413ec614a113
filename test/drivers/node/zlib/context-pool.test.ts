import { describe, expect, test } from 'vitest';
import type { ZlibHandle } from '../../../../drivers/node/internals/zlib-handle.ts';
import type { Context, Holder } from '../../../../drivers/node/zlib/context-pool.ts';
import { ContextPool } from '../../../../drivers/node/zlib/context-pool.ts';

/** Stands for a zlib handle, and counts. */
class FakeHandle {
  resets = 0;
  closed = false;

  reset(): void {
    this.resets++;
  }

  close(): void {
    this.closed = true;
  }
}

function holder(busy = false): Holder & { busy: boolean } {
  return { context: undefined, busy };
}

const made: FakeHandle[] = [];

function lend(pool: ContextPool, to: Holder, key = 1): Context {
  return pool.lend(to, key, () => {
    const handle = new FakeHandle();
    made.push(handle);
    return handle as unknown as ZlibHandle;
  });
}

function fake(context: Context): FakeHandle {
  return context.handle as unknown as FakeHandle;
}

describe('a pool of contexts', () => {
  test('makes one for each holder, up to the limit', () => {
    const pool = new ContextPool(3);
    const holders = [holder(), holder(), holder()];
    const contexts = holders.map((one) => lend(pool, one));
    expect(new Set(contexts).size).toBe(3);
    expect(holders.map(({ context }) => context)).toEqual(contexts);
    expect(pool.size).toBe(3);
  });

  test('takes one away from someone at the limit, and starts it over', () => {
    const pool = new ContextPool(2);
    const holders = [holder(), holder()];
    for (const one of holders) lend(pool, one);
    const late = holder();
    const context = lend(pool, late);
    expect(pool.size).toBe(2);
    expect(fake(context).resets).toBe(1);
    expect(context.holder).toBe(late);
    expect(holders.filter(({ context: left }) => left !== undefined).length).toBe(1);
  });

  test('takes none away from a holder that is busy', () => {
    const pool = new ContextPool(2);
    const [busy, other] = [holder(true), holder()];
    lend(pool, busy);
    lend(pool, other);
    for (let i = 0; i < 100; i++) lend(pool, holder());
    expect(busy.context?.holder).toBe(busy);
    expect(pool.size).toBe(2);
  });

  test('takes it away from anyone, whoever came first', () => {
    const pool = new ContextPool(10);
    for (let i = 0; i < 10; i++) lend(pool, holder());
    expect(new Set(Array.from({ length: 100 }, () => lend(pool, holder()))).size).toBe(10);
  });

  test('exceeds the limit when all are busy, and goes back to it', () => {
    const pool = new ContextPool(1);
    const holders = Array.from({ length: 5 }, () => holder(true));
    const contexts = holders.map((one) => lend(pool, one));
    expect(pool.size).toBe(5);
    for (const one of holders) pool.takeBack(one);
    expect(pool.size).toBe(1);
    expect(contexts.filter((context) => fake(context).closed).length).toBe(4);
  });

  test('keeps two spare and closes the others', () => {
    const pool = new ContextPool(10);
    const holders = Array.from({ length: 6 }, () => holder());
    const contexts = holders.map((one) => lend(pool, one));
    for (const one of holders) pool.takeBack(one);
    expect(pool.size).toBe(2);
    expect(contexts.filter((context) => !fake(context).closed).length).toBe(2);
    expect(holders.every(({ context }) => context === undefined)).toBe(true);
    // Nor is a connection that is gone kept alive by what was its own.
    expect(contexts.every((context) => context.holder === undefined)).toBe(true);
  });

  test('lends the spare one that was used last, started over', () => {
    const pool = new ContextPool(10);
    const [one, two] = [holder(), holder()];
    lend(pool, one);
    const last = lend(pool, two);
    pool.takeBack(one);
    pool.takeBack(two);
    expect(lend(pool, holder())).toBe(last);
    expect(fake(last).resets).toBe(1);
  });

  test('lends only what is alike', () => {
    const pool = new ContextPool(2);
    const one = holder();
    const first = lend(pool, one, 1);
    pool.takeBack(one);
    const two = holder();
    const second = lend(pool, two, 2);
    expect(second).not.toBe(first);
    expect(pool.size).toBe(2);
    // At the limit: the spare one goes first, though it is not alike.
    const third = lend(pool, holder(), 2);
    expect([fake(first).closed, third.key, pool.size, two.context]).toEqual([true, 2, 2, second]);
    // Then someone's.
    lend(pool, holder(), 3);
    expect([pool.size, fake(second).closed || fake(third).closed]).toEqual([2, true]);
  });

  test('lends each of the spare ones to whom it suits', () => {
    const pool = new ContextPool(10);
    const holders = [holder(), holder()];
    const contexts = holders.map((one, key) => lend(pool, one, key));
    for (const one of holders) pool.takeBack(one);
    expect([0, 1].map((key) => lend(pool, holder(), key) === contexts[key])).toEqual([true, true]);
  });

  test('takes back from a holder that has nothing', () => {
    const pool = new ContextPool(1);
    const one = holder();
    pool.takeBack(one);
    lend(pool, one);
    pool.takeBack(one);
    pool.takeBack(one);
    expect(pool.size).toBe(1);
  });

  test('lets most of those who take turns keep theirs, when there are a few too many', () => {
    const pool = new ContextPool(100);
    const holders = Array.from({ length: 110 }, () => holder());
    let kept = 0;
    for (let round = 0; round < 20; round++) {
      for (const one of holders) {
        if (one.context !== undefined) kept++;
        else lend(pool, one);
      }
    }
    expect(kept / (20 * holders.length)).toBeGreaterThan(0.7);
  });

  test('closes every handle that it discards, once', () => {
    const pool = new ContextPool(4);
    const before = made.length;
    for (let i = 0; i < 500; i++) {
      const one = holder();
      lend(pool, one, i % 7);
      if (i % 3 === 0) pool.takeBack(one);
    }
    const open = made.slice(before).filter(({ closed }) => !closed).length;
    expect(open).toBe(pool.size);
    expect(pool.size).toBeLessThanOrEqual(4);
  });
});
