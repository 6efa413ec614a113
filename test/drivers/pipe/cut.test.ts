import { expect, test } from 'vitest';
import { checkCut, Cutter } from '../../../drivers/pipe/cut.ts';
import type { Cut } from '../../../drivers/pipe/cut.ts';
import { SeededRandom } from '../../../drivers/pipe/random.ts';

const sizes = (cut: Cut, count: number, seed = 1) => {
  const cutter = new Cutter(checkCut(cut), new SeededRandom(seed));
  return Array.from({ length: count }, () => cutter.next());
};

test('whole takes all there is', () => {
  expect(sizes('whole', 2)).toEqual([Infinity, Infinity]);
});

test('a number is the size of every piece', () => {
  expect(sizes(7, 3)).toEqual([7, 7, 7]);
});

test('an array gives the sizes of the first pieces; the rest is whole', () => {
  expect(sizes([3, 1], 4)).toEqual([3, 1, Infinity, Infinity]);
  expect(sizes([], 1)).toEqual([Infinity]);
});

test('an array that is changed later changes nothing', () => {
  const cut = [3, 1];
  const cutter = new Cutter(checkCut(cut), new SeededRandom(1));
  cut[0] = 9;
  expect(cutter.next()).toBe(3);
});

test('random sizes are at least 1, reach single bytes and whole buffers, and come from the seed', () => {
  const drawn = sizes('random', 500);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1);
  expect(drawn.filter((size) => size <= 2).length).toBeGreaterThan(10);
  expect(drawn.filter((size) => size > 65536).length).toBeGreaterThan(10);
  expect(sizes('random', 500)).toEqual(drawn);
  expect(sizes('random', 500, 2)).not.toEqual(drawn);
});

test('what is not a cut is refused', () => {
  for (const cut of [0, -1, 1.5, NaN, Infinity, [4, 0]]) expect(() => sizes(cut, 1)).toThrow(RangeError);
  for (const cut of ['bytes', null, {}, undefined, true]) expect(() => sizes(cut as Cut, 1)).toThrow(TypeError);
});
