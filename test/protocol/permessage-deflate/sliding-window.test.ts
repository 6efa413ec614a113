import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlidingWindow } from '../../../protocol/permessage-deflate/sliding-window.ts';

function contents(window: SlidingWindow): number[] {
  const target = new Uint8Array(window.length);
  window.copyTo(target, 0);
  return [...target];
}

describe('a sliding window', () => {
  test('holds nothing at first', () => {
    const window = new SlidingWindow(15);
    expect(window.length).toBe(0);
    expect(contents(window)).toEqual([]);
  });

  test('holds the last 2^windowBits of all bytes appended, in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 10 }), fc.array(fc.nat(700), { maxLength: 20 }), (windowBits, lengths) => {
        const window = new SlidingWindow(windowBits);
        let all: number[] = [];
        for (const length of lengths) {
          const bytes = Uint8Array.from({ length }, (_, i) => (all.length + i) * 7);
          window.append(bytes);
          all = [...all, ...bytes].slice(-(2 ** windowBits));
          expect(window.length).toBe(all.length);
          expect(contents(window)).toEqual(all);
        }
      }),
    );
  });

  test('takes a copy', () => {
    const window = new SlidingWindow(8);
    const bytes = Uint8Array.of(1, 2, 3);
    window.append(bytes);
    bytes.fill(9);
    expect(contents(window)).toEqual([1, 2, 3]);
  });

  test('copies to where it is told to', () => {
    const window = new SlidingWindow(8);
    window.append(Uint8Array.from({ length: 300 }, (_, i) => i));
    window.append(Uint8Array.of(1, 2));
    const target = new Uint8Array(260);
    window.copyTo(target, 3);
    expect([...target.subarray(0, 5), ...target.subarray(256)]).toEqual([0, 0, 0, 46, 47, 43, 1, 2, 0]);
  });

  test('starts over when cleared', () => {
    const window = new SlidingWindow(8);
    window.append(new Uint8Array(100));
    window.clear();
    expect(window.length).toBe(0);
    window.append(Uint8Array.of(1, 2));
    expect(contents(window)).toEqual([1, 2]);
  });
});
