import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { works } from '../../../../drivers/node/internals/zlib-handle.ts';

type Stream = zlib.InflateRaw & { _handle: any; _writeState: any };

/** Streams of a Node that differs from those known. */
function changed<S extends zlib.InflateRaw | zlib.DeflateRaw>(
  create: (options?: zlib.ZlibOptions) => S,
  change: (stream: Stream) => void,
): (options?: zlib.ZlibOptions) => S {
  return (options) => {
    const stream = create(options);
    change(stream as unknown as Stream);
    return stream;
  };
}

const CHANGES: [string, (stream: Stream) => void][] = [
  ['without a handle', (stream) => (stream._handle = undefined)],
  ['with another kind of handle', (stream) => (stream._handle = {})],
  ['without the state', (stream) => (stream._writeState = undefined)],
  ['with a state that stays as it is', (stream) => (stream._writeState = new Uint32Array(2))],
  ['with a handle that does nothing', (stream) => (stream._handle = { writeSync: () => {}, close: () => {} })],
  [
    'with a handle that throws',
    (stream) => {
      stream._handle.writeSync = () => {
        throw new Error('not here');
      };
    },
  ],
  [
    'with errors that go elsewhere',
    (stream) => {
      Object.defineProperty(stream._handle, 'onerror', { get: () => () => {}, set: () => {} });
    },
  ],
];

describe('the handles behind the streams of node:zlib', () => {
  test('do what the codec needs, on this Node', () => {
    expect(works()).toBe(true);
  });

  test.each(CHANGES)('are not used when inflating comes %s', (_, change) => {
    expect(works(zlib.createDeflateRaw, changed(zlib.createInflateRaw, change))).toBe(false);
  });

  test.each(CHANGES.slice(0, -1))('are not used when deflating comes %s', (_, change) => {
    expect(works(changed(zlib.createDeflateRaw, change), zlib.createInflateRaw)).toBe(false);
  });

  test('are not used when they keep no context', () => {
    const forgetful = changed(zlib.createDeflateRaw, (stream) => {
      const write = stream._handle.writeSync;
      stream._handle.writeSync = function (...args: unknown[]) {
        stream.reset();
        return write.apply(this, args);
      };
    });
    expect(works(forgetful, zlib.createInflateRaw)).toBe(false);
  });

  test('are not used when there are no streams', () => {
    const none = (): never => {
      throw new Error('no zlib');
    };
    expect(works(none, none)).toBe(false);
  });
});

test('what it is tried on is freed again', () => {
  const made: Transform[] = [];
  const noted = <T extends Transform>(stream: T): T => (made.push(stream), stream);
  expect(
    works(
      (options) => noted(zlib.createDeflateRaw(options)),
      (options) => noted(zlib.createInflateRaw(options)),
    ),
  ).toBe(true);
  expect(made.map(({ destroyed }) => destroyed)).toEqual([true, true]);
});
