import { describe, expect, test } from 'vitest';
import { BlockPool } from '../../../protocol/memory/block-pool.ts';

const KIB = 1024;
const MIB = KIB * KIB;

function makeBlocks() {
  const made: number[] = [];
  const blocks = new BlockPool((size) => {
    made.push(size);
    return new Uint8Array(size);
  });
  return { blocks, made };
}

describe('blocks', () => {
  test('a block that was given back is lent again, when it is large enough', () => {
    const { blocks, made } = makeBlocks();
    const block = blocks.lend(4 * KIB);
    blocks.giveBack(block);
    expect(blocks.lend(4 * KIB + 1) === block).toBe(false);
    expect(blocks.lend(10) === block).toBe(true);
    expect(blocks.lend(10) === block).toBe(false);
    expect(made).toEqual([4 * KIB, 4 * KIB + 1, 10]);
  });

  test('the smallest that fits is lent', () => {
    const { blocks } = makeBlocks();
    const [large, small, middle] = [9, 3, 6].map((size) => blocks.lend(size * KIB));
    for (const block of [large, small, middle]) blocks.giveBack(block);
    expect(blocks.lend(4 * KIB) === middle).toBe(true);
    expect(blocks.lend(4 * KIB) === large).toBe(true);
    expect(blocks.lend(3 * KIB) === small).toBe(true);
  });

  test('of equals the last that was given back is lent, and of larger ones it too', () => {
    const { blocks } = makeBlocks();
    const [a, b] = [4, 4].map((size) => blocks.lend(size * KIB));
    for (const block of [a, b]) blocks.giveBack(block);
    expect(blocks.lend(KIB) === b).toBe(true);
    const [c, d] = [3, 3].map((size) => blocks.lend(size * MIB));
    for (const block of [c, d]) blocks.giveBack(block);
    expect(blocks.lend(3 * MIB) === d).toBe(true);
    expect(blocks.lend(3 * MIB + 1) === c).toBe(false);
    expect(blocks.lend(3 * MIB) === c).toBe(true);
  });

  test('one of 2 MiB is kept as others are, and takes the place of all of them', () => {
    const { blocks } = makeBlocks();
    const small = blocks.lend(KIB);
    const block = blocks.lend(2 * MIB);
    blocks.giveBack(small);
    blocks.giveBack(block);
    expect(blocks.lend(1) === block).toBe(true);
    expect(blocks.lend(1) === small).toBe(false);
  });

  test('small ones are not kept', () => {
    const { blocks } = makeBlocks();
    const block = blocks.lend(KIB - 1);
    blocks.giveBack(block);
    expect(blocks.lend(KIB - 1) === block).toBe(false);
    const kept = blocks.lend(KIB);
    blocks.giveBack(kept);
    expect(blocks.lend(KIB) === kept).toBe(true);
  });

  test('eight are kept, those that were given back last', () => {
    const { blocks } = makeBlocks();
    const lent = Array.from({ length: 9 }, () => blocks.lend(KIB));
    for (const block of lent) blocks.giveBack(block);
    const again = Array.from({ length: 9 }, () => lent.indexOf(blocks.lend(KIB)));
    expect(again).toEqual([8, 7, 6, 5, 4, 3, 2, 1, -1]);
  });

  test('2 MiB are kept', () => {
    const { blocks } = makeBlocks();
    const lent = [MIB, MIB / 2, MIB].map((size) => blocks.lend(size));
    for (const block of lent) blocks.giveBack(block);
    expect(blocks.lend(MIB) === lent[2]).toBe(true);
    expect(blocks.lend(1) === lent[1]).toBe(true);
    blocks.giveBack(lent[0]);
    blocks.giveBack(lent[2]);
    expect(blocks.lend(MIB) === lent[2]).toBe(true);
    expect(blocks.lend(MIB) === lent[0]).toBe(true);
  });

  test('larger ones are kept four at a time, for as long as the garbage collector lets them be', () => {
    const { blocks } = makeBlocks();
    const lent = Array.from({ length: 5 }, (_, i) => blocks.lend((3 + i) * MIB));
    for (const block of lent) blocks.giveBack(block);
    expect(blocks.lend(5 * MIB) === lent[4]).toBe(true);
    expect(blocks.lend(7 * MIB) === lent[4]).toBe(false);
    expect(blocks.lend(4 * MIB) === lent[3]).toBe(true);
    expect(blocks.lend(3 * MIB) === lent[2]).toBe(true);
    expect(blocks.lend(3 * MIB) === lent[1]).toBe(true);
    expect(lent.includes(blocks.lend(3 * MIB))).toBe(false);
  });

  test('a larger one takes the place of none of the others', () => {
    const { blocks } = makeBlocks();
    const block = blocks.lend(2 * KIB);
    blocks.giveBack(block);
    blocks.giveBack(blocks.lend(3 * MIB));
    expect(blocks.lend(2 * KIB) === block).toBe(true);
  });

  test('a large block that was collected is asked for no more', () => {
    const references: { deref: () => undefined }[] = [];
    class Collected {
      constructor() {
        references.push(this);
      }
      deref = () => undefined;
    }
    const { WeakRef } = globalThis;
    globalThis.WeakRef = Collected as never;
    try {
      const { blocks } = makeBlocks();
      const block = blocks.lend(3 * MIB);
      blocks.giveBack(block);
      expect(references.length).toBe(1);
      expect(blocks.lend(3 * MIB) === block).toBe(false);
    } finally {
      globalThis.WeakRef = WeakRef;
    }
  });

  test('what was lent for output is of the size asked for, and comes back by its chunk', () => {
    const { blocks, made } = makeBlocks();
    const block = blocks.lend(4 * KIB);
    blocks.giveBack(block);
    const chunk = blocks.lendOutput(3 * KIB);
    expect(chunk.length).toBe(3 * KIB);
    expect(chunk.buffer).toBe(block.buffer);
    blocks.reclaim(new Uint8Array(chunk.buffer)); // not what was handed out
    const other = blocks.lendOutput(2 * KIB);
    expect(other.buffer).not.toBe(block.buffer);
    blocks.reclaim(chunk);
    blocks.reclaim(chunk); // once is all
    expect(blocks.lend(4 * KIB) === block).toBe(true);
    expect(blocks.lend(4 * KIB) === block).toBe(false);
    blocks.reclaim(other);
    expect(blocks.lend(2 * KIB) === other).toBe(true);
    expect(made).toEqual([4 * KIB, 2 * KIB, 4 * KIB]);
  });
});
