import { describe, expect, test } from 'vitest';
import { startOfTail, Utf8Validator } from '../../../protocol/text/utf8-validator.ts';
import { portableText } from '../../../protocol/text/text-codec.ts';

/** How many of the bytes are taken, one at a time, before one is refused. */
function taken(bytes: readonly number[]): number {
  const validator = new Utf8Validator(portableText);
  const memory = Uint8Array.from(bytes);
  for (let i = 0; i < memory.length; i++) if (!validator.push(memory, i, i + 1)) return i;
  return memory.length;
}

describe('a text in pieces', () => {
  const bytes = Buffer.from('aé漢😀z');

  test('is valid wherever two cuts fall, and complete just between code points', () => {
    const ends = new Set([0, 1, 3, 6, 10, 11]);
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const validator = new Utf8Validator(portableText);
        expect(validator.push(bytes, 0, first)).toBe(true);
        expect(validator.isComplete).toBe(ends.has(first));
        expect(validator.push(bytes, first, second)).toBe(true);
        expect(validator.isComplete).toBe(ends.has(second));
        expect(validator.push(bytes, second, bytes.length)).toBe(true);
        expect(validator.isComplete).toBe(true);
      }
    }
  });

  test.each([
    ['a continuation without a lead', [0x80], 0],
    ['a lead that is never one', [0xc0, 0x80], 0],
    ['a lead beyond U+10FFFF', [0xf5, 0x80], 0],
    ['an overlong three', [0xe0, 0x9f], 1],
    ['a surrogate', [0xed, 0xa0], 1],
    ['an overlong four', [0xf0, 0x8f], 1],
    ['a code point beyond U+10FFFF', [0xf4, 0x90], 1],
    ['a third byte that does not continue', [0xe6, 0xbc, 0x41], 2],
    ['a fourth byte that is a lead', [0xf0, 0x9f, 0x98, 0xc3], 3],
  ])('is refused with the byte that spoils it (RFC 6455 §8.1): %s', (_, wrong, at) => {
    expect(taken(wrong)).toBe(at);
    const whole = Uint8Array.from([0x41, ...wrong]);
    expect(new Utf8Validator(portableText).push(whole, 0, at + 2)).toBe(false);
    expect(new Utf8Validator(portableText).push(whole, 0, at + 1)).toBe(true);
  });
});

test.each([
  [[], 0],
  [[0x41], 1],
  [[0x41, 0xc3], 1],
  [[0x41, 0xc3, 0xa9], 3],
  [[0x41, 0xe6, 0xbc], 1],
  [[0xe6, 0xbc, 0xa2], 3],
  [[0xf0, 0x9f, 0x98], 0],
  [[0xf0, 0x9f, 0x98, 0x80], 4],
  [[0xf0, 0x41], 2],
  [[0x80, 0x80], 2],
  [[0xe6, 0xc0], 2],
])('the tail of %j begins at %i', (bytes, start) => {
  expect(startOfTail(Uint8Array.from(bytes), 0, bytes.length)).toBe(start);
});

test('the tail begins within the span', () => {
  expect(startOfTail(Uint8Array.of(0xf0, 0x9f, 0x98), 1, 3)).toBe(3);
});
