import { expect, test } from 'vitest';
import { isLate, verdictOf } from '../../../protocol/handshake/verdict.ts';

test('yes and no are what they are', () => {
  expect([verdictOf('it', true), verdictOf('it', false)]).toEqual([true, false]);
});

test.each([undefined, null, 0, 1, '', 'true', {}, []])('anything else is neither: %o', (verdict) => {
  expect(() => verdictOf('it', verdict)).toThrow(new TypeError('it must return a boolean'));
  expect(isLate(verdict)).toBe(false);
});

test('a promise is no yes, and ends nothing when it rejects', () => {
  const rejected = Promise.reject(new Error('unheard'));
  const text = 'it must return a boolean, not a promise: what takes time belongs into authorize';
  expect(() => verdictOf('it', rejected)).toThrow(new TypeError(text));
  expect(isLate({ then() {} })).toBe(true);
});
