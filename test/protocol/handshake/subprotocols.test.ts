import { describe, expect, test } from 'vitest';
import { checkSubprotocols, parseSubprotocols, selectSubprotocol } from '../../../protocol/handshake/subprotocols.ts';

describe('Sec-WebSocket-Protocol (RFC 6455 §4.1, item 10)', () => {
  test.each([
    ['chat', ['chat']],
    ['chat, superchat', ['chat', 'superchat']],
    [' a ,\tb\t,c', ['a', 'b', 'c']],
    ['a, A', ['a', 'A']],
    ['__proto__, constructor', ['__proto__', 'constructor']],
    ['v1.json!', ['v1.json!']],
    ['chat, ', ['chat']],
    [', chat', ['chat']],
    [',a,,\t,b,', ['a', 'b']],
  ])('%j offers subprotocols in order', (field, subprotocols) => {
    expect(parseSubprotocols(field)).toEqual(subprotocols);
  });

  test.each(['', ' ', ',', ' , ,\t', 'a,,a', 'a b', 'a;b', '"a"', 'a/b', 'a\xe9', 'a, b, a', 'a,a'])(
    '%j is not valid',
    (field) => {
      expect(parseSubprotocols(field)).toBeUndefined();
    },
  );
});

test.each([[[]], [['a']], [['a', 'b']], [['toString', '__proto__']]])('%j may be offered', (subprotocols) => {
  expect(() => checkSubprotocols(subprotocols)).not.toThrow();
});

test.each<[unknown, string]>([
  ['a', 'subprotocols must be an array'],
  [null, 'subprotocols must be an array'],
  [new Set(['a']), 'subprotocols must be an array'],
  [[''], 'a subprotocol must be a token'],
  [['a b'], 'a subprotocol must be a token'],
  [[1], 'a subprotocol must be a token'],
  [['a,b'], 'a subprotocol must be a token'],
  [['a\r\nb'], 'a subprotocol must be a token'],
  [['é'], 'a subprotocol must be a token'],
  [['a', 'a'], 'a subprotocol may stand only once'],
])('%j is a TypeError: %s', (subprotocols, why) => {
  expect(() => checkSubprotocols(subprotocols as string[])).toThrow(new TypeError(why));
});

test('the first of those known is selected that was offered', () => {
  expect(selectSubprotocol(['x', 'b', 'a'], ['a', 'b'])).toBe('b');
  expect(selectSubprotocol(['x'], ['a', 'b'])).toBe('');
  expect(selectSubprotocol([], ['a'])).toBe('');
});
