import { expect, test } from 'vitest';
import { encodeUtf8, isFieldValue, isToken, trimWhitespace } from '../../../protocol/handshake/grammar.ts';

/** Every byte, as a text of one character. */
const BYTES = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

test('a token is made of tchars (RFC 9110 §5.6.2)', () => {
  expect(BYTES.filter(isToken).join('')).toBe(
    "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~",
  );
  expect(isToken('permessage-deflate')).toBe(true);
});

test.each(['', 'a b', 'a,', 'é', '\u0100', '\u212a'])('%j is no token', (text) => {
  expect(isToken(text)).toBe(false);
});

test('a field value has HTAB, SP, VCHAR and obs-text (RFC 9110 §5.5)', () => {
  const right = BYTES.filter((_, byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));
  expect(BYTES.filter(isFieldValue)).toEqual(right);
  expect(isFieldValue('')).toBe(true);
  expect(isFieldValue('\u0100')).toBe(false);
});

test('only SP and HTAB are white space around a value', () => {
  expect(trimWhitespace(' \t a \t b\t ')).toBe('a \t b');
  expect(trimWhitespace(' \t ')).toBe('');
  expect(trimWhitespace('a')).toBe('a');
  expect(trimWhitespace('\xa0a\xa0')).toBe('\xa0a\xa0');
});

test.each(['', 'ASCII', 'Grüße', '漢字', '𝄞 and 😀', 'a\ud800b', '\udc00', '\u07ff\u0800\uffff\u{10000}\u{10ffff}'])(
  'the UTF-8 of %j is what TextEncoder gives',
  (text) => {
    expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
  },
);
