import { describe, expect, test } from 'vitest';
import { BlockPool } from '../../../protocol/memory/block-pool.ts';
import {
  MOST_DISCARDED,
  MOST_EARLY,
  MOST_LATE,
  MOST_REST,
  PendingInput,
} from '../../../protocol/memory/pending-input.ts';
import { noise } from '../../support/frames.ts';

const allocate = (size: number) => new Uint8Array(size).fill(0xdb);
const source = { allocate, lend: allocate, giveBack: () => {} };

test('how much is kept, or let pass: 64 KiB early, 1 MiB late, 8 MiB of the rest, 64 MiB that nobody wants', () => {
  expect([MOST_EARLY, MOST_LATE, MOST_REST, MOST_DISCARDED]).toEqual([65_536, 1_048_576, 8_388_608, 67_108_864]);
});

describe('PendingInput', () => {
  test('gives back what came, in order, and is empty again', () => {
    const held = new PendingInput(source);
    expect(held.take()).toEqual(new Uint8Array(0));
    held.append(Uint8Array.of(9, 1, 2, 9), 1, 3);
    held.append(Uint8Array.of(3, 9, 9), 0, 1);
    held.append(Uint8Array.of(9), 1, 1);
    expect(held.length).toBe(3);
    expect(held.take()).toEqual(Uint8Array.of(1, 2, 3));
    held.clear();
    expect(held.length).toBe(0);
    expect(held.take()).toEqual(new Uint8Array(0));
  });

  test('copies what comes', () => {
    const held = new PendingInput(source);
    const lent = Uint8Array.of(1, 2);
    held.append(lent, 0, lent.length);
    lent.fill(0xdb);
    expect(held.take()).toEqual(Uint8Array.of(1, 2));
  });

  test('what is put back waits before what comes then, and is not copied until it must be', () => {
    const held = new PendingInput(source);
    held.append(Uint8Array.of(1, 2, 3), 0, 3);
    const taken = held.take();
    held.putBack(2);
    expect(held.length).toBe(2);
    expect(held.take()).toEqual(Uint8Array.of(2, 3));
    expect(held.take().buffer).toBe(taken.buffer);
    held.append(Uint8Array.of(4, 5), 0, 2);
    held.append(Uint8Array.of(6), 0, 1);
    expect(held.take()).toEqual(Uint8Array.of(2, 3, 4, 5, 6));
    expect(taken).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('gives its memory back once it is done with it, and takes no other’s', () => {
    const blocks = new BlockPool(allocate);
    const [a, b] = [new PendingInput(blocks), new PendingInput(blocks)];
    a.append(noise(2000), 0, 2000);
    const { buffer } = a.take();
    b.append(noise(500), 0, 500);
    expect(b.take().buffer).not.toBe(buffer);
    a.clear();
    a.append(noise(2001), 0, 2001);
    expect(a.take().buffer).not.toBe(buffer);
    const c = new PendingInput(blocks);
    c.append(noise(1900), 0, 1900);
    expect(c.take().buffer).toBe(buffer);
    expect(c.take()).toEqual(noise(1900));
  });

  test('counts what came while others waited', () => {
    const held = new PendingInput(source);
    held.append(noise(100), 0, 100);
    expect(held.late).toBe(0);
    held.append(noise(10), 0, 10);
    held.append(noise(10), 5, 10);
    expect(held.late).toBe(15);
    held.putBack(65);
    held.append(noise(1), 0, 1);
    expect(held.late).toBe(16);
    held.clear();
    held.append(noise(7), 0, 7);
    expect(held.late).toBe(0);
  });

  test.each([1, 2, 3, 100, 4096])('a dribble of %i bytes takes memory of at most twice as many', (count) => {
    const held = new PendingInput(source);
    for (let i = 0; i < count; i++) held.append(Uint8Array.of(i), 0, 1);
    const bytes = held.take();
    expect(bytes).toEqual(Uint8Array.from({ length: count }, (_, i) => i));
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(2 * count);
  });

  test('what fits into the memory that there is goes there', () => {
    const held = new PendingInput(source);
    held.append(noise(3), 0, 3);
    held.append(noise(1), 0, 1); // it doubles
    const { buffer } = held.take();
    held.append(noise(buffer.byteLength - 4), 0, buffer.byteLength - 4);
    expect(held.take().buffer).toBe(buffer);
    held.append(noise(1), 0, 1);
    expect(held.take().buffer).not.toBe(buffer);
  });

  test('what comes at once takes no more than it needs', () => {
    const held = new PendingInput(source);
    held.append(noise(1000), 400, 1000);
    expect(held.take().buffer.byteLength).toBe(600);
  });
});
