import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { byteLengthOf, isBytes, readableLength, toBytes } from '../../protocol/data.ts';
import { isOwn, LIARS } from '../support/lying-bytes.ts';

describe('toBytes', () => {
  const memory = Uint8Array.from({ length: 24 }, (_, i) => i).buffer;

  test('shows exactly the bytes of every kind of view, without a copy', () => {
    const views = [
      new Uint8Array(memory, 3, 5),
      new Int8Array(memory, 3, 5),
      new Uint8ClampedArray(memory, 3, 5),
      new Uint16Array(memory, 2, 3),
      new Int16Array(memory, 2, 3),
      new Uint32Array(memory, 4, 2),
      new Int32Array(memory, 4, 2),
      new Float32Array(memory, 8, 2),
      new Float64Array(memory, 8, 2),
      new BigInt64Array(memory, 8, 1),
      new BigUint64Array(memory, 8, 2),
      new DataView(memory, 5, 7),
      Buffer.from(memory, 1, 4),
    ];
    for (const view of views) {
      const bytes = toBytes(view);
      expect(bytes).toBeInstanceOf(Uint8Array);
      expect(bytes.buffer).toBe(memory);
      expect([bytes.byteOffset, bytes.length]).toEqual([view.byteOffset, view.byteLength]);
    }
  });

  test('copies from memory that may change its size or that threads share', () => {
    const resizable = new (ArrayBuffer as any)(4, { maxByteLength: 8 }) as ArrayBuffer;
    for (const memory of [resizable, new SharedArrayBuffer(4)]) {
      for (const data of [memory, new Uint8Array(memory), new DataView(memory)]) {
        const bytes = toBytes(data);
        expect(bytes).toEqual(new Uint8Array(4));
        expect(bytes.buffer).not.toBe(memory);
      }
    }
  });

  test('takes the whole of an ArrayBuffer or a SharedArrayBuffer', () => {
    expect(toBytes(memory)).toEqual(new Uint8Array(memory));
    expect(toBytes(memory).buffer).toBe(memory);
    const shared = new SharedArrayBuffer(3);
    new Uint8Array(shared).set([7, 8, 9]);
    expect([...toBytes(shared)]).toEqual([7, 8, 9]);
    expect(toBytes(new ArrayBuffer(0))).toEqual(new Uint8Array(0));
  });

  test('takes bytes of another realm', () => {
    expect([...toBytes(runInNewContext('new Uint8Array([1, 2]).buffer') as ArrayBuffer)]).toEqual([1, 2]);
    expect([...toBytes(runInNewContext('new Uint8Array([1, 2, 3]).subarray(1)') as Uint8Array)]).toEqual([2, 3]);
    expect([...toBytes(runInNewContext('new DataView(new ArrayBuffer(2))') as DataView)]).toEqual([0, 0]);
  });

  test.each([
    ['a number', 3],
    ['zero', 0],
    ['undefined', undefined],
    ['null', null],
    ['a boolean', true],
    ['a string', 'text'],
    ['a bigint', 1n],
    ['a symbol', Symbol('x')],
    ['an array', [1, 2]],
    ['an object', {}],
    ['an array-like object', { length: 2 }],
    ['a Blob', new Blob(['x'])],
    ['a function', () => new Uint8Array(1)],
    ['a promise', Promise.resolve(new Uint8Array(1))],
    ['what says that it is an ArrayBuffer', { [Symbol.toStringTag]: 'ArrayBuffer', byteLength: 2 }],
  ])('throws a TypeError for %s', (_, data) => {
    expect(() => toBytes(data as never)).toThrow(TypeError);
    expect(() => byteLengthOf(data as never)).toThrow(TypeError);
    expect(isBytes(data)).toBe(false);
    expect(readableLength(data as never, 10)).toBe(0);
  });
});

describe.each(LIARS.map((liar) => [liar.name, liar] as const))('of %s', (_, { make, isNone }) => {
  test.each([8, 5000])('%d bytes are exactly its own, or a TypeError', (size) => {
    const data = make(size);
    if (isNone === true) {
      expect(() => toBytes(data)).toThrow(TypeError);
      expect(readableLength(data, 10_000)).toBe(0);
      return;
    }
    const bytes = toBytes(data);
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    expect(isOwn(bytes, size)).toBe(true);
    expect(byteLengthOf(data)).toBe(size);
    expect(isBytes(data)).toBe(true);
    expect([0, size]).toContain(readableLength(data, 10_000));
    expect(readableLength(data, size - 1)).toBe(0);
  });
});

test('the bytes of a Uint8Array can be read where they are up to the length that is asked for, and of nothing else', () => {
  const bytes = new Uint8Array(6);
  expect([5, 6, 7].map((most) => readableLength(bytes, most))).toEqual([0, 6, 6]);
  expect(readableLength(Buffer.alloc(6), 6)).toBe(6);
  for (const other of [new Int8Array(6), new Uint16Array(3), new DataView(bytes.buffer), bytes.buffer]) {
    expect(readableLength(other, 10)).toBe(0);
  }
});

test('no bytes at all are none that could be read where they are', () => {
  expect(readableLength(new Uint8Array(0), 10)).toBe(0);
});
