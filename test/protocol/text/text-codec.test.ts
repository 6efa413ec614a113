import { isUtf8 } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { decodeThrough, isLead, isTrail, portableText as text } from '../../../protocol/text/text-codec.ts';
import { Utf8Validator } from '../../../protocol/text/utf8-validator.ts';

const reference = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Bytes at the bounds of every range of Unicode's table 3-7, and beside them. */
const BOUNDS = [0x00, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xaf, 0xb0, 0xbf, 0xc0, 0xff];

/** What WHATWG's decoder makes of it. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return reference.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether more bytes can make it a text. */
function isPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function check(bytes: Uint8Array): void {
  const expected = decoded(bytes);
  const got = text.decode(bytes, 0, bytes.length);
  if (got !== expected) expect({ bytes: [...bytes], text: got }).toEqual({ bytes: [...bytes], text: expected });
  const valid = text.isValid(bytes, 0, bytes.length);
  if (valid !== (expected !== undefined)) expect({ bytes: [...bytes], valid }).toEqual('the other');
}

describe('UTF-8 (RFC 3629) as WHATWG’s fatal decoder has it', () => {
  test('every sequence of one or two bytes', () => {
    for (let a = 0; a < 256; a++) {
      check(Uint8Array.of(a));
      for (let b = 0; b < 256; b++) check(Uint8Array.of(a, b));
    }
  });

  test('every sequence of three bytes that begins with none in ASCII', () => {
    const bytes = new Uint8Array(3);
    const wrong: number[][] = [];
    for (let a = 0x80; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        for (let c = 0; c < 256; c++) {
          bytes[0] = a;
          bytes[1] = b;
          bytes[2] = c;
          // The same judge by its quick way: an exception for each of eight million takes minutes.
          const valid = isUtf8(bytes);
          if (text.isValid(bytes, 0, 3) !== valid) wrong.push([a, b, c]);
          if (text.decode(bytes, 0, 3) !== (valid ? reference.decode(bytes) : undefined)) wrong.push([a, b, c]);
        }
      }
    }
    expect(wrong).toEqual([]);
  }, 120_000);

  test('sequences of four bytes at the bounds of every range', () => {
    const leads = [0xe0, 0xed, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff];
    for (const a of leads)
      for (const b of BOUNDS) for (const c of BOUNDS) for (const d of BOUNDS) check(Uint8Array.of(a, b, c, d));
  });

  test('every code point', () => {
    for (let start = 0; start < 0x110000; start += 0x1000) {
      let all = '';
      for (let point = start; point < start + 0x1000; point++) {
        if (point < 0xd800 || point > 0xdfff) all += String.fromCodePoint(point);
      }
      const bytes = encoder.encode(all);
      expect(text.decode(bytes, 0, bytes.length) === all).toBe(true);
      expect(text.byteLength(all)).toBe(bytes.length);
      const encoded = new Uint8Array(bytes.length + 4);
      expect(text.encode(all, encoded, 2)).toBe(bytes.length);
      expect(Buffer.compare(encoded.subarray(2, -2), bytes)).toBe(0);
    }
  });

  test('the code points at which one more byte begins', () => {
    for (const point of [0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]) {
      const one = String.fromCodePoint(point);
      const bytes = encoder.encode(one);
      expect(text.byteLength(one)).toBe(bytes.length);
      const encoded = new Uint8Array(bytes.length);
      expect(text.encode(one, encoded, 0)).toBe(bytes.length);
      expect(encoded).toEqual(bytes);
      expect(text.decode(bytes, 0, bytes.length)).toBe(one);
    }
  });

  test('long text of every kind, at every place of the pieces it is decoded in', () => {
    for (const kind of ['a', 'é', '€', '\u{1f600}', 'a€', 'aé€\u{1f600}']) {
      for (let shift = 0; shift < 5; shift++) {
        const all = 'x'.repeat(shift) + kind.repeat(5000);
        const bytes = encoder.encode(all);
        expect(text.decode(bytes, 0, bytes.length) === all).toBe(true);
        bytes[bytes.length - 1] ^= 0x40;
        const spoilt = decoded(bytes);
        expect(text.decode(bytes, 0, bytes.length) === spoilt).toBe(true);
      }
    }
    // Nothing but continuation bytes, where a cut is looked for.
    expect(text.decode(new Uint8Array(10_000).fill(0x80), 0, 10_000)).toBeUndefined();
  });

  test('a span of larger memory', () => {
    const bytes = Uint8Array.of(0xff, 0xe2, 0x82, 0xac, 0xff);
    expect(text.decode(bytes, 1, 4)).toBe('€');
    expect(text.decode(bytes, 1, 3)).toBeUndefined();
    expect(text.decode(bytes, 2, 2)).toBe('');
    expect(text.isValid(bytes, 1, 4)).toBe(true);
    expect(text.isValid(bytes, 1, 3)).toBe(false);
  });
});

test('ASCII', () => {
  for (const length of [0, 1, 4095, 4096, 4097, 10_000]) {
    const bytes = Uint8Array.from({ length: length + 2 }, (_, i) => i % 128);
    expect(text.decodeAscii(bytes, 1, length + 1)).toBe(reference.decode(bytes.subarray(1, length + 1)));
  }
});

test('a lone surrogate is encoded as U+FFFD', () => {
  for (const odd of [
    '\ud800',
    '\udbff',
    '\udc00',
    '\udfff',
    'a\ud800',
    '\ud800a',
    '\udc00\ud800',
    '\ud800\ud800\udc00',
    '\ud800é',
    '€\udc00',
  ]) {
    const expected = encoder.encode(odd);
    expect(text.byteLength(odd)).toBe(expected.length);
    const bytes = new Uint8Array(expected.length);
    expect(text.encode(odd, bytes, 0)).toBe(expected.length);
    expect(bytes).toEqual(expected);
  }
});

test('isLead and isTrail know the surrogates', () => {
  for (let unit = 0xd700; unit <= 0xe000; unit++) {
    expect(isLead(unit)).toBe(unit >= 0xd800 && unit <= 0xdbff);
    expect(isTrail(unit)).toBe(unit >= 0xdc00 && unit <= 0xdfff);
  }
  expect(isTrail(NaN)).toBe(false);
});

test('decodeThrough goes by way of whatever units it is given', () => {
  const all = 'aé€\u{1f600}'.repeat(20);
  const bytes = encoder.encode(all);
  for (const size of [4, 5, 6, 7, 8, 64, 1024]) {
    const units = new Uint16Array(size);
    const toText = (count: number): string => String.fromCharCode(...units.subarray(0, count));
    expect(decodeThrough(units, bytes, 0, bytes.length, toText)).toBe(all);
    expect(decodeThrough(units, bytes, 0, bytes.length - 1, toText)).toBeUndefined();
    // A code point of two units where there is room for one more.
    const late = `${'a'.repeat(size - 1)}\u{1f600}`;
    const lateBytes = encoder.encode(late);
    expect(decodeThrough(units, lateBytes, 0, lateBytes.length, toText)).toBe(late);
  }
});

describe('Utf8Validator', () => {
  /** How many bytes were taken, in these pieces, before it said no; undefined when it did not. */
  function refusedWithin(pieces: readonly Uint8Array[]): number | undefined {
    const validator = new Utf8Validator(text);
    let at = 0;
    for (const piece of pieces) {
      if (!validator.push(piece, 0, piece.length)) return at;
      at += piece.length;
    }
    return validator.isComplete === (decoded(joined(pieces)) !== undefined) ? undefined : -1;
  }

  test('byte by byte it says no at the first bad byte, for every sequence of up to three', () => {
    let wrong = 0;
    for (let a = 0x80; a < 256; a++) {
      for (const b of BOUNDS) {
        for (const c of BOUNDS) {
          const bytes = Uint8Array.of(a, b, c);
          const firstBad = [1, 2, 3].find((length) => !isPrefix(bytes.subarray(0, length)));
          const expected = firstBad === undefined ? undefined : firstBad - 1;
          if (refusedWithin(Array.from(bytes, (byte) => Uint8Array.of(byte))) !== expected) wrong++;
        }
      }
    }
    expect(wrong).toBe(0);
  });

  test('cut anywhere, it says no in the piece with the first bad byte', () => {
    const odd = ['aé€\u{1f600}z', '\u{10ffff}\u{10000}\uffff'].map((one) => encoder.encode(one));
    for (const good of odd) {
      for (let at = 0; at < good.length; at++) {
        for (const byte of [0x00, 0x80, 0xbf, 0xc0, 0xe0, 0xed, 0xf4, 0xff, good[at]]) {
          const bytes = good.slice();
          bytes[at] = byte;
          const firstBad = bytes.findIndex((_, i) => !isPrefix(bytes.subarray(0, i + 1)));
          for (let x = 0; x <= bytes.length; x++) {
            for (let y = x; y <= bytes.length; y++) {
              const pieces = [bytes.subarray(0, x), bytes.subarray(x, y), bytes.subarray(y)];
              const starts = [0, x, y];
              const expected = firstBad < 0 ? undefined : Math.max(...starts.filter((start) => start <= firstBad));
              const got = refusedWithin(pieces);
              if (got !== expected) expect({ bytes: [...bytes], x, y, got }).toEqual(expected);
            }
          }
        }
      }
    }
  });
});

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
