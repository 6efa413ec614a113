import { describe, expect, test } from 'vitest';
import { HeldBytes } from '../../protocol/held-bytes.ts';
import { noise } from '../support/frames.ts';

const allocate = (size: number): Uint8Array => new Uint8Array(size).fill(0xdb);

describe('HeldBytes', () => {
  test('gives back what came, in order, and is empty again', () => {
    const held = new HeldBytes(allocate);
    expect(held.take()).toEqual(new Uint8Array(0));
    held.append(Uint8Array.of(9, 1, 2), 1);
    held.append(Uint8Array.of(3), 0);
    held.append(Uint8Array.of(9), 1);
    expect(held.length).toBe(3);
    expect(held.take()).toEqual(Uint8Array.of(1, 2, 3));
    expect(held.length).toBe(0);
    expect(held.take()).toEqual(new Uint8Array(0));
  });

  test('copies what comes', () => {
    const held = new HeldBytes(allocate);
    const lent = Uint8Array.of(1, 2);
    held.append(lent, 0);
    lent.fill(0xdb);
    expect(held.take()).toEqual(Uint8Array.of(1, 2));
  });

  test('what is put back waits before what comes then, and is not copied until it must be', () => {
    const held = new HeldBytes(allocate);
    held.append(Uint8Array.of(1, 2, 3), 0);
    const taken = held.take();
    held.putBack(taken.subarray(1));
    expect(held.length).toBe(2);
    expect(held.take().buffer).toBe(taken.buffer);
    held.putBack(taken.subarray(1));
    held.append(Uint8Array.of(4, 5), 0);
    held.append(Uint8Array.of(6), 0);
    expect(held.take()).toEqual(Uint8Array.of(2, 3, 4, 5, 6));
    expect(taken).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('counts what came while others waited', () => {
    const held = new HeldBytes(allocate);
    held.append(noise(100), 0);
    expect(held.late).toBe(0);
    held.append(noise(10), 0);
    held.append(noise(10), 5);
    expect(held.late).toBe(15);
    held.putBack(held.take().subarray(50));
    held.append(noise(1), 0);
    expect(held.late).toBe(16);
    held.clear();
    held.append(noise(7), 0);
    expect(held.late).toBe(0);
  });

  test.each([1, 2, 3, 100, 4096])('a dribble of %i bytes takes memory of at most twice as many', (count) => {
    const held = new HeldBytes(allocate);
    for (let i = 0; i < count; i++) held.append(Uint8Array.of(i), 0);
    const bytes = held.take();
    expect(bytes).toEqual(Uint8Array.from({ length: count }, (_, i) => i));
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(2 * count);
  });

  test('what comes at once takes no more than it needs', () => {
    const held = new HeldBytes(allocate);
    held.append(noise(1000), 400);
    expect(held.take().buffer.byteLength).toBe(600);
  });
});
