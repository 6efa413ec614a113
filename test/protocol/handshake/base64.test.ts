import { describe, expect, test } from 'vitest';
import { encodeBase64, isBase64Of16Bytes } from '../../../protocol/handshake/base64.ts';
import { KEY } from './support.ts';

test('base64 of every length is what Buffer gives', () => {
  for (let length = 0; length < 100; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 89 + length * 7);
    expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
  }
});

describe('the base64 of 16 bytes', () => {
  test('has every digit', () => {
    for (let byte = 0; byte < 256; byte++) {
      expect(isBase64Of16Bytes(encodeBase64(new Uint8Array(16).fill(byte)))).toBe(true);
    }
    expect(isBase64Of16Bytes('ABCDEFGHIJKLMNOPQRSTUA==')).toBe(true);
    expect(isBase64Of16Bytes('abcdefghijklmnopqrstug==')).toBe(true);
    expect(isBase64Of16Bytes('vwxyz0123456789+/VWXYw==')).toBe(true);
  });

  test.each([
    ['is empty', ''],
    ['is of 15 bytes', Buffer.alloc(15).toString('base64')],
    ['is of 17 bytes', Buffer.alloc(17).toString('base64')],
    ['is of 18 bytes', Buffer.alloc(18).toString('base64')],
    ['lacks its padding', KEY.slice(0, -2)],
    ['has one = too many', `${KEY}=`],
    ['has white space', ` ${KEY.slice(1)}`],
    ['has a digit of base64url', `-${KEY.slice(1)}`],
    ['has another digit of base64url', `_${KEY.slice(1)}`],
    ['has a character before A', `@${KEY.slice(1)}`],
    ['has a character after Z', `[${KEY.slice(1)}`],
    ['has a character after z', `{${KEY.slice(1)}`],
    ['has a character before 0', `.${KEY.slice(1)}`],
    ['has a character after 9', `:${KEY.slice(1)}`],
    ['has a character that is not ASCII', `\u0141${KEY.slice(1)}`],
    ['has = within', `${KEY.slice(0, 21)}===`],
    ['has another character in place of its last digit', `${KEY.slice(0, 21)}-==`],
    ['is a list', `${KEY}, ${KEY}`],
  ])('is not one that %s', (_, text) => {
    expect(isBase64Of16Bytes(text)).toBe(false);
  });

  test('need not be canonical: the last digit has four bits that belong to no byte, and may be any', () => {
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const last = [...digits].filter((digit) => isBase64Of16Bytes(`${'A'.repeat(21)}${digit}==`));
    expect(last.join('')).toBe(digits);
    // The example of RFC 6455 §4.1, item 7.
    expect(isBase64Of16Bytes('AQIDBAUGBwgJCgsMDQ4PEC==')).toBe(true);
  });
});
