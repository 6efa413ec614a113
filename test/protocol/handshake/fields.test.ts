import { describe, expect, test } from 'vitest';
import {
  collectFields,
  countField,
  formatFields,
  HANDSHAKE_FIELDS,
  hasToken,
  listFields,
} from '../../../protocol/handshake/fields.ts';
import type { HeaderInit } from '../../../protocol/handshake/types.ts';

describe('collected fields', () => {
  test('are found by lower-case name', () => {
    expect({ ...collectFields(['Host', 'a', 'X-ONE', '1']) }).toEqual({ host: 'a', 'x-one': '1' });
  });

  test('are joined with ", " when they repeat, in any case (RFC 9110 §5.3)', () => {
    expect(collectFields(['a', '1', 'A', '2', 'a', ''])).toMatchObject({ a: '1, 2, ' });
  });

  test('are joined with "; " when they are Cookie (RFC 9113 §8.2.3)', () => {
    expect(collectFields(['Cookie', 'a=1', 'cookie', 'b=2'])).toMatchObject({ cookie: 'a=1; b=2' });
  });

  test('have no prototype, so that every name is an ordinary one', () => {
    const fields = collectFields(['__proto__', 'x', 'constructor', 'y', '__proto__', 'z']);
    expect(Object.getPrototypeOf(fields)).toBeNull();
    expect(Object.entries(fields)).toEqual([
      ['__proto__', 'x, z'],
      ['constructor', 'y'],
    ]);
    expect(fields.tostring).toBeUndefined();
  });
});

test('fields are counted by name in any case', () => {
  expect(countField(['A', '1', 'b', '2', 'a', '3'], 'a')).toBe(2);
  expect(countField(['A', 'b'], 'b')).toBe(0);
});

describe('a list', () => {
  test.each(['upgrade', 'UPGRADE', 'keep-alive, Upgrade', 'upgrade,x', 'x ,\tupgrade\t, y', ',upgrade', 'x,,upgrade'])(
    '%j has the token',
    (list) => {
      expect(hasToken(list, 'upgrade')).toBe(true);
    },
  );

  test.each([undefined, '', 'upgrades', 'upgrade/1', 'x upgrade', 'x; upgrade', 'up,grade', '"upgrade"'])(
    '%j has it not',
    (list) => {
      expect(hasToken(list, 'upgrade')).toBe(false);
    },
  );
});

describe('fields to send', () => {
  const owned = new Set(['connection']);

  test('come as a record, with arrays for what repeats', () => {
    expect(listFields({ A: '1', b: ['2', '3'], c: [] }, owned)).toEqual(['A', '1', 'b', '2', 'b', '3']);
  });

  test('come as pairs, of an array, a Map or Headers', () => {
    const pairs: [string, string][] = [
      ['a', '1'],
      ['a', '2'],
    ];
    expect(listFields(pairs, owned)).toEqual(['a', '1', 'a', '2']);
    expect(listFields(new Map(pairs), owned)).toEqual(['a', '2']);
    expect(listFields(new Headers(pairs), owned)).toEqual(['a', '1, 2']);
  });

  test('may be left out', () => {
    expect(listFields(undefined, owned)).toEqual([]);
  });

  test('may have any name that is a token, __proto__ too', () => {
    const own = JSON.parse('{"__proto__": "x", "constructor": "y"}') as HeaderInit;
    expect(listFields(own, owned)).toEqual(['__proto__', 'x', 'constructor', 'y']);
  });

  const notPairs = 'headers must be pairs of a name and a value';
  const notToken = 'a header name must be a token';
  const notString = 'the value of the header a must be a string';
  const badCharacter = 'the value of the header a has a character that may not stand there';
  test.each<[string, unknown, string]>([
    ['null', null, 'headers must be a record or pairs'],
    ['a string', 'a: b', 'headers must be a record or pairs'],
    ['a number', 1, 'headers must be a record or pairs'],
    ['pairs of one', [['a']], notPairs],
    ['pairs of three', [['a', 'b', 'c']], notPairs],
    ['strings for pairs', ['ab'], notPairs],
    ['a name that is no string', [[1, 'a']], notToken],
    ['an empty name', { '': 'a' }, notToken],
    ['a name with a space', { 'a b': 'c' }, notToken],
    ['a name with a colon', { 'a:': 'c' }, notToken],
    ['a name with a line end', { 'a\r\nb': 'c' }, notToken],
    ['a name that is not ASCII', { é: 'c' }, notToken],
    ['a value that is a number', { a: 1 }, notString],
    ['a value that is undefined', { a: undefined }, notString],
    ['a value in an array that is none', { a: [null] }, notString],
    ['CR in a value', { a: 'b\rc' }, badCharacter],
    ['LF in a value', { a: 'b\nc' }, badCharacter],
    ['NUL in a value', { a: 'b\0c' }, badCharacter],
    ['DEL in a value', { a: 'b\x7fc' }, badCharacter],
    ['a character above U+00FF in a value', { a: '漢' }, badCharacter],
    ['CR in a later pair', new Map([['c', 'b']]).set('a', '\r'), badCharacter],
    ["a name that is the handshake's own", { CONNECTION: 'close' }, "the header CONNECTION is the handshake's own"],
  ])('are a TypeError with %s, which says so', (_, init, why) => {
    expect(() => listFields(init as HeaderInit, owned)).toThrow(new TypeError(why));
  });

  test.each([
    'Connection',
    'Content-Length',
    'Sec-WebSocket-Accept',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Version',
    'Transfer-Encoding',
    'Upgrade',
  ])('can not have %s, which is the handshake’s', (name) => {
    expect(() => listFields({ [name]: 'x' }, HANDSHAKE_FIELDS)).toThrow(TypeError);
  });

  test('are lines with CRLF', () => {
    expect(formatFields(['a', '1', 'B', ''])).toBe('a: 1\r\nB: \r\n');
  });
});
