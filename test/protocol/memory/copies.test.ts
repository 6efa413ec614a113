import { describe, expect, test } from 'vitest';
import { Copies, copyInto, joinBytes, withRoom } from '../../../protocol/memory/copies.ts';
import { noise } from '../../support/frames.ts';

const KIB = 1024;

describe('copies', () => {
  function make() {
    const made: number[] = [];
    const copies = new Copies((size) => {
      made.push(size);
      return new Uint8Array(size);
    });
    return { copies, made };
  }

  test('of up to 2 KiB share a block of 8 KiB, each on a word', () => {
    const { copies, made } = make();
    const [a, b, c] = [noise(1), noise(9), noise(2 * KIB)].map((bytes) => copies.copyOf(bytes));
    expect([a, b, c]).toEqual([noise(1), noise(9), noise(2 * KIB)]);
    expect([a, b, c].map(({ byteOffset }) => byteOffset)).toEqual([0, 8, 24]);
    expect(b.buffer).toBe(a.buffer);
    expect(c.buffer).toBe(a.buffer);
    expect(made).toEqual([8 * KIB]);
  });

  test('fill a block to its last byte, and then begin another', () => {
    const { copies, made } = make();
    const lent = Array.from({ length: 5 }, () => copies.copyOf(noise(2 * KIB)));
    expect(new Set(lent.slice(0, 4).map(({ buffer }) => buffer)).size).toBe(1);
    expect(lent[4].buffer).not.toBe(lent[0].buffer);
    expect(lent).toEqual(lent.map(() => noise(2 * KIB)));
    expect(made).toEqual([8 * KIB, 8 * KIB]);
  });

  test('of more have memory of their own', () => {
    const { copies, made } = make();
    const copy = copies.copyOf(noise(2 * KIB + 1));
    expect(copy).toEqual(noise(2 * KIB + 1));
    expect(made).toEqual([2 * KIB + 1]);
  });

  test('share memory of another kind where there is one', () => {
    const kinds: string[] = [];
    const allocate = (kind: string) => (size: number) => (kinds.push(`${kind} ${size}`), new Uint8Array(size));
    const copies = new Copies(allocate('own'), allocate('shared'));
    for (const size of [1, 2 * KIB + 1, 2 * KIB, 0]) copies.copyOf(noise(size));
    expect(kinds).toEqual(['shared 8192', 'own 2049']);
  });

  test('into memory of their own, and several into one', () => {
    const lent = noise(10);
    const copy = copyInto((size) => new Uint8Array(size), lent);
    expect(copy).toEqual(lent);
    expect(copy.buffer).not.toBe(lent.buffer);
    const target = new Uint8Array(4);
    expect(joinBytes([Uint8Array.of(1), Uint8Array.of(2, 3)], target)).toBe(target);
    expect(target).toEqual(Uint8Array.of(1, 2, 3, 0));
  });
});

test('chunks are joined in memory of their own, or from a place on', () => {
  expect(joinBytes([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3));
  expect(joinBytes([])).toEqual(new Uint8Array(0));
  expect(joinBytes([Uint8Array.of(1)], new Uint8Array(3), 1)).toEqual(Uint8Array.of(0, 1, 0));
});

describe('memory that grows', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);

  test('stays where there is room', () => {
    expect(withRoom(bytes, 2, 4)).toBe(bytes);
  });

  test('doubles otherwise, with what is used of it', () => {
    expect(withRoom(bytes, 3, 5)).toEqual(Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0));
    expect(withRoom(bytes, 1, 9).length).toBe(9);
  });

  test('has at least and at most what it is told', () => {
    expect(withRoom(bytes, 1, 5, 100).length).toBe(100);
    expect(withRoom(bytes, 1, 5, 100, 6).length).toBe(6);
  });
});
