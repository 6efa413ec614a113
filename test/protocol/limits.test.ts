import { describe, expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  LIMIT_OPTIONS,
  type LimitOptions,
  resolveLimit,
  resolveLimits,
} from '../../protocol/limits.ts';

test('the defaults', () => {
  expect(resolveLimits({})).toEqual({
    maxMessageSize: 16 * 1024 * 1024,
    maxFragments: 1_048_576,
    turnBudget: 4 * 1024 * 1024,
    maxFrameSize: Infinity,
    handshakeTimeout: 10_000,
    closeTimeout: 10_000,
    pingInterval: 20_000,
    pongTimeout: 20_000,
  });
  expect(resolveLimits({ maxFragments: undefined })).toEqual(DEFAULT_LIMITS);
  expect(Object.keys(LIMIT_OPTIONS)).toEqual(Object.keys(DEFAULT_LIMITS));
});

describe.each(Object.keys(DEFAULT_LIMITS) as (keyof LimitOptions)[])('%s', (name) => {
  test('zero, false and Infinity turn it off', () => {
    for (const off of [0, false, Infinity] as const) expect(resolveLimits({ [name]: off })[name]).toBe(Infinity);
  });

  test('a number above zero is it', () => {
    for (const value of [1, 0.5, 1e9]) expect(resolveLimits({ [name]: value })[name]).toBe(value);
  });

  test('what is no limit throws, and names it', () => {
    for (const wrong of [-1, -Infinity, NaN]) {
      expect(() => resolveLimits({ [name]: wrong })).toThrow(new RangeError(`${name} must not be negative or NaN`));
    }
    for (const wrong of [true, null, '1', '', {}, [], 1n]) {
      const error = new TypeError(`${name} must be a number or false`);
      expect(() => resolveLimits({ [name]: wrong as never })).toThrow(error);
    }
  });
});

test('resolveLimit has the caller’s own default', () => {
  expect(resolveLimit('x', undefined, 7)).toBe(7);
});
