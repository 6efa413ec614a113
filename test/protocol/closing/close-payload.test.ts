import { describe, expect, test } from 'vitest';
import {
  checkClose,
  isCloseCode,
  makeClosePayload,
  parseClosePayload,
} from '../../../protocol/closing/close-payload.ts';
import { portableText } from '../../../protocol/text/text-codec.ts';
import { closePayload, utf8 } from '../../support/frames.ts';

/** §7.4.1 and §7.4.2, and what the IANA registry has added: 1012 to 1014. */
const VALID = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);
for (let code = 3000; code <= 4999; code++) VALID.add(code);
const ALL = Array.from({ length: 65536 }, (_, i) => i);

const parse = (payload: Uint8Array) => {
  // Somewhere in larger memory, as it is in a chunk.
  const bytes = new Uint8Array(payload.length + 7).fill(0xdb);
  bytes.set(payload, 3);
  return parseClosePayload(bytes, 3, 3 + payload.length, portableText);
};

describe('§7.4: close codes', () => {
  test('of all numbers of two bytes just these may stand in a Close frame', () => {
    expect(ALL.filter(isCloseCode)).toEqual(ALL.filter((code) => VALID.has(code)));
  });

  test.each([-1, 1000.5, 3000.1, 4999.5, 5000, 65536 + 1000, NaN, Infinity, -Infinity])('%d is none', (code) => {
    expect(isCloseCode(code)).toBe(false);
  });
});

describe('parseClosePayload', () => {
  test('§7.1.5: a Close frame without a body has code 1005', () => {
    expect(parse(new Uint8Array(0))).toEqual({ code: 1005, reason: '' });
  });

  test('§5.5.1: the first two bytes of a body MUST be the code: one alone is wrong', () => {
    for (const byte of [0, 3, 255]) expect(parse(Uint8Array.of(byte))).toBe(1002);
    // What lies behind it in memory is not its own.
    expect(parseClosePayload(closePayload(1000), 0, 1, portableText)).toBe(1002);
    expect(parseClosePayload(Uint8Array.of(0, ...closePayload(1000)), 1, 2, portableText)).toBe(1002);
    expect(parseClosePayload(closePayload(1000), 0, 2, portableText)).toEqual({ code: 1000, reason: '' });
  });

  test('§7.4: codes that may not stand in a Close frame are wrong, all others right', () => {
    const wrong = ALL.filter((code) => {
      const expected = VALID.has(code) ? code : 1002;
      const got = parse(closePayload(code));
      return (typeof got === 'number' ? got : got.code) !== expected;
    });
    expect(wrong).toEqual([]);
  });

  test('§5.5.1: what follows the code is a reason in UTF-8', () => {
    for (const reason of ['', 'bye', 'größer', '\u{1f600}', 'x'.repeat(123)]) {
      expect(parse(closePayload(4000, reason))).toEqual({ code: 4000, reason });
    }
  });

  test('§8.1: a reason that is not UTF-8 is wrong', () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [...utf8('bye'), 0x80]]) {
      expect(parse(closePayload(1000, Uint8Array.from(bytes)))).toBe(1007);
    }
  });
});

describe('checkClose', () => {
  const check = (code: unknown, reason: unknown = '') => checkClose(code as number, reason as string, portableText);

  test('takes what may be sent', () => {
    for (const code of VALID) check(code);
    check(1000, 'x'.repeat(123));
    check(1000, 'ü'.repeat(61));
    check(1000, '\u{1f600}'.repeat(30));
  });

  test('a code that may not be sent is a RangeError', () => {
    for (const code of [
      0,
      999,
      1004,
      1005,
      1006,
      1015,
      1016,
      2999,
      5000,
      65535,
      1000.5,
      4000.5,
      NaN,
      -1000,
      Infinity,
    ]) {
      expect(() => check(code), String(code)).toThrow(new RangeError(`${code} is not a close code that may be sent`));
    }
  });

  test('what is no number or no string is a TypeError', () => {
    for (const code of ['1000', null, {}, true, 1000n]) {
      expect(() => check(code)).toThrow(new TypeError('the close code must be a number'));
    }
    for (const reason of [1, null, {}, utf8('bye')]) {
      expect(() => check(1000, reason)).toThrow(new TypeError('the close reason must be a string'));
    }
  });

  test('§5.5: a reason of more than 123 bytes of UTF-8 is a RangeError', () => {
    for (const reason of ['x'.repeat(124), 'ü'.repeat(62), '\u{1f600}'.repeat(31)]) {
      const error = new RangeError('the close reason is longer than 123 bytes of UTF-8');
      expect(() => check(1000, reason)).toThrow(error);
    }
  });

  test('a lone surrogate is a TypeError', () => {
    for (const reason of ['\ud800', 'a\udfff', '\ud800\ud800\udc00', '\udc00\ud800', '\ud800x']) {
      expect(() => check(1000, reason)).toThrow(new TypeError('the close reason has a lone surrogate'));
    }
    check(1000, 'a\ud800\udc00b');
  });
});

describe('makeClosePayload', () => {
  test('§5.5.1: the code in network byte order, then the reason', () => {
    expect(makeClosePayload(1000, '', portableText)).toEqual(Uint8Array.of(3, 232));
    expect(makeClosePayload(4999, 'ß', portableText)).toEqual(closePayload(4999, 'ß'));
  });

  test('1005 has no body', () => {
    expect(makeClosePayload(1005, '', portableText)).toEqual(new Uint8Array(0));
  });
});
