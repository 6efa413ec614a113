import { describe, expect, test } from 'vitest';
import { Slab, type SlabWriter } from '../../../protocol/memory/slab.ts';

const SIZE = 16;

/** A slab whose home is in the middle of a larger buffer, and what its writers were told. */
function make() {
  const around = new Uint8Array(3 * SIZE);
  const home = around.subarray(SIZE, 2 * SIZE);
  const slab = new Slab(SIZE, home);
  const sealed: string[] = [];
  const writer = (name: string): SlabWriter => {
    const self: SlabWriter = {
      seal() {
        sealed.push(name);
        slab.leave(self);
      },
    };
    return self;
  };
  /** Takes room, hands it out, and leaves. */
  const hand = (length: number): Uint8Array => {
    const one = writer('one');
    const at = slab.reserve(length, one);
    const chunk = slab.bytes.subarray(at, at + length);
    slab.commit(at + length);
    slab.lend();
    slab.leave(one);
    return chunk;
  };
  return { around, home, slab, sealed, writer, hand };
}

describe('room in a slab', () => {
  test('is given up to the last byte of it, and then in new memory', () => {
    const { home, slab, writer } = make();
    const a = writer('a');
    expect(slab.reserve(SIZE, a)).toBe(0);
    expect(slab.bytes).toBe(home);
    slab.commit(SIZE - 1);
    expect(slab.reserve(1, a)).toBe(SIZE - 1);
    expect(slab.bytes).toBe(home);
    slab.commit(SIZE);
    expect(slab.reserve(1, a)).toBe(0);
    expect(slab.bytes).not.toBe(home);
    expect(slab.bytes.length).toBe(SIZE);
  });

  test('of more than a slab’s size has memory of just that size', () => {
    const { slab, writer } = make();
    expect(slab.reserve(SIZE + 1, writer('a'))).toBe(0);
    expect(slab.bytes.length).toBe(SIZE + 1);
  });

  test('seals what another has, and one’s own in new memory only', () => {
    const { slab, sealed, writer } = make();
    const [a, b] = [writer('a'), writer('b')];
    slab.reserve(4, a);
    slab.reserve(8, a);
    expect(sealed).toEqual([]);
    slab.commit(8);
    expect(slab.reserve(4, b)).toBe(8);
    expect(sealed).toEqual(['a']);
    slab.commit(12);
    slab.reserve(8, b);
    expect(sealed).toEqual(['a', 'b']);
  });
});

describe('a chunk that was handed out', () => {
  test('is told from all that is no slab’s, in the same buffer too', () => {
    const { around, slab, hand } = make();
    const chunk = hand(4);
    const strangers = [new Uint8Array(4), around.subarray(0, SIZE), around.subarray(2 * SIZE), around.subarray(0, 1)];
    for (const one of strangers) expect(slab.reclaim(one)).toBe(false);
    expect(slab.reclaim(chunk)).toBe(true);
  });

  test('is written again when all have come back, and nobody is about to write behind them', () => {
    const { slab, writer, hand } = make();
    const chunks = [hand(4), hand(4)];
    slab.reclaim(chunks[0]);
    expect(hand(1).byteOffset - chunks[0].byteOffset).toBe(8);
    const a = writer('a');
    expect(slab.reserve(2, a)).toBe(9);
    slab.commit(11);
    slab.leave(writer('b')); // who has nothing there to leave
    slab.reclaim(chunks[1]);
    slab.reclaim(slab.bytes.subarray(8, 9));
    expect(slab.reserve(2, a)).toBe(11);
    slab.leave(a);
    slab.lend();
    slab.reclaim(slab.bytes.subarray(9, 11));
    expect(slab.reserve(2, a)).toBe(0);
  });
});

test('new memory is written again likewise, whatever of the last is still out', () => {
  const { home, slab, hand } = make();
  hand(SIZE);
  const chunk = hand(4);
  expect(slab.bytes).not.toBe(home);
  slab.reclaim(chunk);
  expect(hand(4).byteOffset).toBe(chunk.byteOffset);
});

describe('the home memory', () => {
  test('is come back to once all of it has come back, and not before', () => {
    const { home, slab, hand } = make();
    const chunk = hand(SIZE);
    hand(SIZE);
    expect(slab.bytes).not.toBe(home);
    hand(SIZE); // that of the second memory is still out, and the first too
    expect(slab.bytes).not.toBe(home);
    expect(slab.reclaim(chunk)).toBe(true);
    hand(SIZE);
    expect(slab.bytes).toBe(home);
  });

  test('counts each of its chunks', () => {
    const { home, slab, hand } = make();
    const chunks = [hand(SIZE / 2), hand(SIZE / 2)];
    hand(SIZE);
    slab.reclaim(chunks[0]);
    hand(SIZE);
    expect(slab.bytes).not.toBe(home);
    slab.reclaim(chunks[1]);
    hand(SIZE);
    expect(slab.bytes).toBe(home);
  });

  test('is not come back to by who needs more', () => {
    const { home, slab, hand } = make();
    slab.reclaim(hand(SIZE));
    hand(SIZE + 1);
    hand(SIZE + 1);
    expect(slab.bytes).not.toBe(home);
    expect(slab.bytes.length).toBe(SIZE + 1);
  });

  test('is not come back to from itself, while it is full', () => {
    const { home, slab, writer } = make();
    slab.reserve(SIZE, writer('a'));
    slab.commit(SIZE);
    slab.reserve(SIZE, writer('b'));
    expect(slab.bytes).not.toBe(home);
  });
});
