import { describe, expect, test } from 'vitest';
import { Copies, copyInto, joinBytes } from '../../../protocol/memory/copies.ts';
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
