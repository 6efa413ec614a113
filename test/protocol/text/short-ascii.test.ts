import { expect, test } from 'vitest';
import { decodeShortAscii, SHORT_ASCII } from '../../../protocol/text/short-ascii.ts';

test('makes the string of every length up to the longest, wherever it lies', () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => 33 + i);
  for (let length = 0; length <= SHORT_ASCII; length++) {
    const expected = String.fromCharCode(...bytes.subarray(7, 7 + length));
    expect(decodeShortAscii(bytes, 7, 7 + length)).toBe(expected);
  }
});
