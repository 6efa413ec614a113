import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeededRandom } from '../../../drivers/pipe/random.ts';

const draw = (random: SeededRandom, count = 8) => Array.from({ length: count }, () => random.uint32());

test('the same seed gives the same numbers, and another seed others', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), (a, b) => {
      expect(draw(new SeededRandom(a))).toEqual(draw(new SeededRandom(a)));
      if (!Object.is(a, b)) expect(draw(new SeededRandom(a))).not.toEqual(draw(new SeededRandom(b)));
    }),
    { numRuns: 200 },
  );
});

test('the numbers are the same on every engine and in every release', () => {
  expect(draw(new SeededRandom(1), 4)).toEqual([149376761, 2809973707, 1308249574, 1595401648]);
});

test('fractions lie in [0, 1) and spread evenly', () => {
  const random = new SeededRandom(3);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const value = random.fraction();
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(1);
    buckets[Math.floor(value * 10)]!++;
  }
  for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

test('between draws from its range', () => {
  const random = new SeededRandom(4);
  for (let i = 0; i < 1000; i++) {
    const value = random.between(5, 7);
    expect(value >= 5 && value < 7).toBe(true);
  }
});

test('fill fills every byte, from the seed, and can be passed around', () => {
  const { fill } = new SeededRandom(5);
  const bytes = new Uint8Array(64);
  fill(bytes);
  expect(new Set(bytes).size).toBeGreaterThan(32);
  const again = new Uint8Array(64);
  new SeededRandom(5).fill(again);
  expect(again).toEqual(bytes);
});

test('a fork depends on the seed and the label, not on what was drawn before', () => {
  const random = new SeededRandom(6);
  const early = draw(random.fork(1));
  draw(random, 100);
  expect(draw(random.fork(1))).toEqual(early);
  expect(draw(random.fork(2))).not.toEqual(early);
  expect(draw(new SeededRandom(7).fork(1))).not.toEqual(early);
});

test('forks of forks differ from each other and from their parents', () => {
  const root = new SeededRandom(8);
  const streams = [root, root.fork(1), root.fork(2), root.fork(1).fork(1), root.fork(1).fork(2), root.fork(2).fork(1)];
  const seen = streams.map((stream) => draw(stream).join());
  expect(new Set(seen).size).toBe(streams.length);
});

test('a seed must be a finite number', () => {
  for (const seed of [NaN, Infinity, -Infinity]) expect(() => new SeededRandom(seed)).toThrow(RangeError);
});
