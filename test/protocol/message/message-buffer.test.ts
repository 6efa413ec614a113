import { describe, expect, test } from 'vitest';
import { MessageBuffer } from '../../../protocol/message/message-buffer.ts';
import { noise } from '../../support/frames.ts';

/** A store, the sizes that it asked memory for, lent and to be given away, and of what it gave back. What it gets is dirty. */
function makeStore(isGivenAway = false) {
  const [asked, own, back]: number[][] = [[], [], []];
  const dirty = (size: number) => new Uint8Array(size).fill(0xee);
  const memory = {
    allocate: (size: number) => (own.push(size), dirty(size)),
    lend: (size: number) => (asked.push(size), dirty(size)),
    giveBack: (block: Uint8Array) => void (block.length > 0 && back.push(block.length)),
  };
  return { store: new MessageBuffer(memory, isGivenAway), asked, own, back };
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
    expect(store.bytes.length).toBe(50);
  });

  test('gives all that it was lent back, once', () => {
    const { store, back } = makeStore();
    store.append(noise(100), 0, 100, Infinity);
    store.append(noise(101), 0, 101, Infinity);
    expect(back).toEqual([200]);
    store.clear();
    store.clear();
    expect(back).toEqual([200, 402]);
    expect(store.size).toBe(0);
  });

  test('gives a message in memory of exactly its size', () => {
    const { store, asked, own, back } = makeStore(true);
    store.append(Uint8Array.of(1, 2, 3), 1, 3, Infinity);
    const bytes = store.take();
    expect(bytes).toEqual(Uint8Array.of(2, 3));
    expect(bytes.buffer.byteLength).toBe(2);
    expect([asked, own, back]).toEqual([[64], [2], [64]]);
    store.clear();
    expect(back).toEqual([64]);
  });

  test('goes on in the memory that it will give away from the middle of the message on', () => {
    const { store, asked, own, back } = makeStore(true);
    const source = noise(1000);
    store.append(source, 0, 240, 1000);
    expect([asked, own]).toEqual([[480], []]);
    store.append(source, 240, 499, 760);
    expect([asked, own]).toEqual([[480, 998], []]);
    store.append(source, 499, 500, 501);
    expect([asked, own, back]).toEqual([[480, 998], [1000], [480, 998]]);
    store.append(source, 500, 1000, 500);
    expect(store.take()).toEqual(source);
    expect(own).toEqual([1000]);
  });

  test('takes the memory of a message whose middle has come at once', () => {
    const { store, asked, own } = makeStore(true);
    store.append(noise(50), 0, 50, 100);
    expect([asked, own]).toEqual([[], [100]]);
  });
});
