import { describe, expect, test } from 'vitest';
import { createAllocator } from '../../../../drivers/node/internals/allocator.ts';

const KIB = 1024;
const LESSON = 32 * KIB * KIB - 64 * KIB;

/** An allocator, and the sizes that it asked for. */
function allocator(refused = Infinity) {
  const asked: number[] = [];
  const allocate = createAllocator((size) => {
    asked.push(size);
    if (size >= refused) throw new RangeError('Array buffer allocation failed');
    return Buffer.allocUnsafeSlow(size);
  });
  return { allocate, asked };
}

describe('the memory of messages', () => {
  test('is of the size asked for, in a buffer of its own, and no Buffer', () => {
    const bytes = createAllocator()(100);
    expect([bytes.length, bytes.byteOffset, bytes.buffer.byteLength]).toEqual([100, 0, 100]);
    expect(Buffer.isBuffer(bytes)).toBe(false);
  });

  test('asks for one large block more when the first large one is wanted, and never again', () => {
    const { allocate, asked } = allocator();
    allocate(64 * KIB - 1);
    expect(asked).toEqual([64 * KIB - 1]);
    allocate(64 * KIB);
    allocate(KIB * KIB);
    expect(asked).toEqual([64 * KIB - 1, LESSON, 64 * KIB, KIB * KIB]);
  });

  test('does without that block where it cannot be had', () => {
    const { allocate, asked } = allocator(LESSON);
    expect(allocate(KIB * KIB).length).toBe(KIB * KIB);
    expect(asked).toEqual([LESSON, KIB * KIB]);
  });

  test('fails as the runtime does where the memory itself cannot be had', () => {
    const { allocate } = allocator(0);
    expect(() => allocate(10)).toThrow(RangeError);
  });
});
