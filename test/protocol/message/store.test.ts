import { describe, expect, test } from 'vitest';
import { Store } from '../../../protocol/message/store.ts';
import { noise } from '../../support/frames.ts';

/** A store, and the sizes that it asked memory for. What it gets is dirty. */
function makeStore() {
  const asked: number[] = [];
  const store = new Store((size) => {
    asked.push(size);
    return new Uint8Array(size).fill(0xee);
  });
  return { store, asked };
}

describe('a store', () => {
  test.each([1, 31, 32, 33, 100])('has what was appended, in pieces of %i bytes', (step) => {
    const { store } = makeStore();
    const source = noise(400);
    for (let at = 0; at < 400; at += step) store.append(source, at, Math.min(at + step, 400), 400 - at);
    expect(store.size).toBe(400);
    expect(store.take()).toEqual(source);
  });

  test('takes at least 64 bytes at first, and then twice what has come', () => {
    const { store, asked } = makeStore();
    store.append(noise(3), 0, 3, Infinity);
    store.append(noise(61), 0, 61, Infinity);
    expect(asked).toEqual([64]);
    store.append(noise(1), 0, 1, Infinity);
    expect(asked).toEqual([64, 130]);
    store.append(noise(100), 0, 100, Infinity);
    expect(asked).toEqual([64, 130, 330]);
  });

  test('takes no more than can still come', () => {
    const { store, asked } = makeStore();
    store.append(noise(40), 0, 40, 50);
    store.append(noise(10), 0, 10, 10);
    expect(asked).toEqual([50]);
    expect(store.take().length).toBe(50);
    expect(asked).toEqual([50]);
  });

  test('gives a message in memory of exactly its size', () => {
    const { store, asked } = makeStore();
    store.append(Uint8Array.of(1, 2, 3), 1, 3, Infinity);
    const bytes = store.take();
    expect(bytes).toEqual(Uint8Array.of(2, 3));
    expect(bytes.buffer.byteLength).toBe(2);
    expect(asked).toEqual([64, 2]);
  });
});
