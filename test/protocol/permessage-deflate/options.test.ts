import { describe, expect, test } from 'vitest';
import type { CompressOptions } from '../../../protocol/permessage-deflate/options.ts';
import { resolveCompressOptions } from '../../../protocol/permessage-deflate/options.ts';

describe('the options of permessage-deflate', () => {
  test('have defaults that suit most', () => {
    expect(resolveCompressOptions({}, true)).toEqual({
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
      windowBits: undefined,
      threshold: 512,
      level: undefined,
      memLevel: undefined,
      asyncAbove: Infinity,
    });
  });

  test('compress every message where the threshold is turned off', () => {
    expect(resolveCompressOptions({ threshold: false }, true).threshold).toBe(0);
  });

  test('stay as they are given', () => {
    const options = {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 8,
      clientMaxWindowBits: 9,
      threshold: 0,
      level: 0,
      memLevel: 1,
      asyncAbove: 1,
    };
    expect(resolveCompressOptions(options, true)).toEqual({ ...options, windowBits: 8 });
    expect(resolveCompressOptions({ ...options, level: 9, memLevel: 9 }, false)).toEqual({
      ...options,
      windowBits: 9,
      level: 9,
      memLevel: 9,
    });
  });

  test.each([
    [true, { serverNoContextTakeover: true, clientNoContextTakeover: false }],
    [false, { serverNoContextTakeover: false, clientNoContextTakeover: true }],
  ])('shared is no context takeover of this side: isServer %j', (isServer, expected) => {
    expect(resolveCompressOptions({ shared: true }, isServer)).toMatchObject(expected);
  });

  test.each([0, false, undefined, Infinity] as const)('asyncAbove %j is never', (asyncAbove) => {
    expect(resolveCompressOptions({ asyncAbove }, true).asyncAbove).toBe(Infinity);
  });

  test.each([
    ...[7, 16, 8.5, NaN, -8, Infinity].flatMap((bits) => [
      { serverMaxWindowBits: bits },
      { clientMaxWindowBits: bits },
    ]),
    ...[-1, 10, 1.5, NaN].map((level) => ({ level })),
    ...[0, 10, 1.5, NaN].map((memLevel) => ({ memLevel })),
    ...[-1, NaN].map((threshold) => ({ threshold })),
    ...[-1, NaN].map((asyncAbove) => ({ asyncAbove })),
  ])('%j is a RangeError', (options: CompressOptions) => {
    expect(() => resolveCompressOptions(options, true)).toThrow(RangeError);
  });

  test.each<[string, CompressOptions]>([
    ['serverMaxWindowBits must be an integer from 8 to 15', { serverMaxWindowBits: 7 }],
    ['clientMaxWindowBits must be an integer from 8 to 15', { clientMaxWindowBits: 16 }],
    ['level must be an integer from 0 to 9', { level: 10 }],
    ['memLevel must be an integer from 1 to 9', { memLevel: 0 }],
    ['threshold must not be negative or NaN', { threshold: -1 }],
    ['asyncAbove must not be negative or NaN', { asyncAbove: -1 }],
  ])('%s', (text, options) => {
    expect(() => resolveCompressOptions(options, true)).toThrow(new RangeError(text));
  });

  test('an option that is none is said to be one of compress', () => {
    const error = new TypeError('compress: unknown option levels: did you mean level?');
    expect(() => resolveCompressOptions({ levels: 1 } as CompressOptions, true)).toThrow(error);
  });

  test.each([
    null,
    'yes',
    true,
    { serverNoContextTakeover: 1 },
    { clientNoContextTakeover: 'no' },
    { shared: null },
    { serverMaxWindowBits: '10' },
    { clientMaxWindowBits: true },
    { level: '6' },
    { memLevel: null },
    { threshold: '1024' },
    { level: false },
    { asyncAbove: true },
    { asyncAbove: '1' },
  ])('%j is a TypeError', (options) => {
    expect(() => resolveCompressOptions(options as CompressOptions, true)).toThrow(TypeError);
  });
});
