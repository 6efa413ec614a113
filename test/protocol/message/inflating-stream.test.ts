import { describe, expect, test } from 'vitest';
import { DONE, InflatingStream, MORE } from '../../../protocol/message/inflating-stream.ts';
import { noise } from '../../support/frames.ts';
import { dirtyMemory, toyInflater } from './support.ts';

/** A stream, and what it delivered. `onPiece` is called with each piece's number, from 1 on. */
function makeStream({ room = Infinity, onPiece = (_: number): void => {} } = {}) {
  const inflater = toyInflater();
  const target = { isPaused: false, spend: (cost: number) => void spent.push(cost) };
  const spent: number[] = [];
  const got: [number[], boolean][] = [];
  const { memory, asked, lent } = dirtyMemory();
  const stream = new InflatingStream({
    inflater,
    memory,
    owner: target,
    deliver: (piece, last) => {
      got.push([[...piece], last]);
      onPiece(got.length);
    },
    room,
  });
  /** `bytes` come in memory that is garbage afterwards. */
  const append = (bytes: ArrayLike<number>, whole: boolean): number => {
    const memory = Uint8Array.from({ length: bytes.length + 2 }, (_, i) => bytes[i - 1] ?? 0xff);
    const result = stream.append(memory, 1, 1 + bytes.length, whole);
    memory.fill(0xff);
    return result;
  };
  return { stream, target, spent, got, asked, lent, append, inflater };
}

/** Noise that the toy takes. */
function payload(length: number): Uint8Array {
  return noise(length).map((byte) => byte & 0x7f);
}

function twice(bytes: Iterable<number>): number[] {
  return [...bytes].flatMap((byte) => [byte, byte]);
}

describe('a compressed message that is streamed', () => {
  test('is inflated as it comes, and needs no memory for that', () => {
    const { stream, got, asked, append } = makeStream();
    expect(append([1, 2], false)).toBe(MORE);
    expect(got).toEqual([[[1, 1, 2, 2], false]]);
    expect(stream.isWhole).toBe(false);
    expect(append([3], true)).toBe(DONE);
    expect(got[1]).toEqual([[3, 3], true]);
    expect(stream.isWhole).toBe(true);
    expect(asked).toEqual([]);
  });

  test('may end with nothing more', () => {
    const { got, append } = makeStream();
    append([1], false);
    expect(append([], true)).toBe(DONE);
    expect(got).toEqual([
      [[1, 1], false],
      [[], true],
    ]);
  });

  test('is inflated a KiB at a time, and just the last part is the last', () => {
    const bytes = payload(2500);
    const { got, append, inflater } = makeStream();
    expect(append(bytes, true)).toBe(DONE);
    expect(inflater.parts.map(({ bytes: { length }, fin }) => [length, fin])).toEqual([
      [1024, false],
      [1024, false],
      [452, true],
    ]);
    expect(got.flatMap(([piece]) => piece)).toEqual(twice(bytes));
    const exact = makeStream();
    expect(exact.append(payload(1024), true)).toBe(DONE);
    expect(exact.inflater.parts).toHaveLength(1);
  });

  test('has so much room, all parts together', () => {
    const { stream, append } = makeStream({ room: 10 });
    expect(append([1, 2], false)).toBe(MORE);
    expect(stream.room).toBe(6);
    expect(append([3, 4, 5], false)).toBe(MORE);
    expect(stream.room).toBe(0);
    expect(append([6], false)).toBe(1009);
  });

  test('that does not inflate ends with the close code', () => {
    const { got, append } = makeStream();
    expect(append([1, 0xff], true)).toBe(1007);
    expect(got).toEqual([]);
  });
});

describe('a pause', () => {
  test('leaves what comes compressed, and a message that has all come is then behind', () => {
    const { stream, target, got, append, inflater } = makeStream();
    target.isPaused = true;
    expect(append([1, 2], false)).toBe(MORE);
    expect(append([3], true)).toBe(MORE);
    expect(stream.proceed()).toBe(MORE);
    expect([got, inflater.parts]).toEqual([[], []]);
    expect(stream.isWhole).toBe(true);
    target.isPaused = false;
    expect(stream.proceed()).toBe(DONE);
    expect(got).toEqual([[[1, 1, 2, 2, 3, 3], true]]);
  });

  test('within a long piece leaves the rest of it, wherever it comes from', () => {
    const bytes = payload(5000);
    const { stream, target, got, append } = makeStream({ onPiece: (nth) => (target.isPaused = nth % 2 === 0) });
    expect(append(bytes.subarray(0, 3500), false)).toBe(MORE);
    expect(got).toHaveLength(2);
    expect(append(bytes.subarray(3500), true)).toBe(MORE);
    expect(got).toHaveLength(2);
    target.isPaused = false;
    expect(stream.proceed()).toBe(MORE);
    expect(got).toHaveLength(4);
    target.isPaused = false;
    expect(stream.proceed()).toBe(DONE);
    expect(got.flatMap(([piece]) => piece)).toEqual(twice(bytes));
    expect(got.map(([, last]) => last)).toEqual([false, false, false, false, true]);
  });

  test('that has ended before more comes lets the rest go first', () => {
    const { target, got, append, asked, lent, stream } = makeStream();
    target.isPaused = true;
    append([1, 2], false);
    expect(lent.size).toBe(1);
    target.isPaused = false;
    expect(append([3], false)).toBe(MORE);
    expect(got.flatMap(([piece]) => piece)).toEqual([1, 1, 2, 2, 3, 3]);
    expect(stream.proceed()).toBe(MORE); // nothing is left
    expect(asked).toHaveLength(1);
    expect(append(payload(200), true)).toBe(DONE);
    expect(got.at(-1)).toEqual([twice(payload(200)), true]);
    expect(asked).toHaveLength(1); // nor is this kept
    expect(lent.size).toBe(0);
  });

  test('in the last part changes nothing: the message is delivered', () => {
    const { target, got, append, stream } = makeStream({ onPiece: () => (target.isPaused = true) });
    expect(append([1], true)).toBe(DONE);
    expect(got).toEqual([[[1, 1], true]]);
    expect(stream.proceed()).toBe(MORE);
  });

  test('may be followed by another, in what the first has left', () => {
    const { target, got, append, stream } = makeStream();
    for (const bytes of [[1], [2], [3]]) {
      target.isPaused = true;
      append(bytes, false);
      append([...bytes, ...bytes], false);
      target.isPaused = false;
      expect(stream.proceed()).toBe(MORE);
    }
    expect(got.map(([piece]) => piece)).toEqual([1, 2, 3].map((byte) => new Array(6).fill(byte)));
  });
});

test('a stream that is stopped inflates no further part', () => {
  const { stream, got, append } = makeStream({ onPiece: () => stream.stop() });
  append(payload(3000), true);
  expect(got).toHaveLength(1);
});

test('a stream that is stopped gives back the memory that it was lent, also from within what it has left', () => {
  for (const within of [false, true]) {
    const { stream, target, got, append, lent } = makeStream({ onPiece: () => stream.stop() });
    target.isPaused = true;
    append(payload(3000), true);
    expect(lent.size).toBe(1);
    target.isPaused = false;
    if (within) stream.proceed();
    else stream.stop();
    expect(got).toHaveLength(within ? 1 : 0);
    expect(lent.size).toBe(0);
  }
});
