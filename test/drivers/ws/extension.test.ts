import { expect, test } from 'vitest';
import { type Extensions, format, parse } from '../../../drivers/ws/extension.ts';
import { parse as parseSubprotocols } from '../../../drivers/ws/subprotocol.ts';

const asObject = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test.each([
  ['foo', { foo: [{}] }],
  ['foo;bar', { foo: [{ bar: [true] }] }],
  ['foo; a=1; a=2; b', { foo: [{ a: ['1', '2'], b: [true] }] }],
  ['foo, bar; x="y", foo; z', { foo: [{}, { z: [true] }], bar: [{ x: ['y'] }] }],
  ['foo; x="a\\b"', { foo: [{ x: ['ab'] }] }],
  ['__proto__; constructor', { ['__proto__']: [{ constructor: [true] }] }],
])('a Sec-WebSocket-Extensions field is taken apart: %s', (field, expected) => {
  expect(asObject(parse(field))).toEqual(asObject(expected));
});

test.each([
  ['', 'Unexpected end of input'],
  ['foo,', 'Unexpected end of input'],
  ['foo;', 'Unexpected end of input'],
  ['foo; x=', 'Unexpected end of input'],
  ['foo; x="', 'Unexpected end of input'],
  ['foo; x=""', 'Unexpected character at index 8'],
  ['fo o', 'Unexpected character at index 3'],
  [' foo', 'Unexpected character at index 0'],
  ['foo; x="a b"', 'Unexpected character at index 9'],
])('one that is none names the place: %j', (field, message) => {
  expect(() => parse(field)).toThrow(new SyntaxError(message));
});

test('what is formatted is parsed to the same', () => {
  const extensions: Extensions = { foo: [{ a: ['1', '2'], b: [true] }, {}], bar: [{}] };
  expect(format(extensions)).toBe('foo; a=1; a=2; b, foo, bar');
  expect(asObject(parse(format(extensions)))).toEqual(extensions);
  expect(format({ 'permessage-deflate': { server_max_window_bits: 10 } })).toBe(
    'permessage-deflate; server_max_window_bits=10',
  );
});

test('a Sec-WebSocket-Protocol field is a list of different tokens', () => {
  expect([...parseSubprotocols('a')]).toEqual(['a']);
  expect([...parseSubprotocols('a, b\t,c')]).toEqual(['a', 'b', 'c']);
  for (const [field, message] of [
    ['', 'Unexpected end of input'],
    ['a,', 'Unexpected end of input'],
    ['a ', 'Unexpected end of input'],
    [',a', 'Unexpected character at index 0'],
    ['a b', 'Unexpected character at index 2'],
    ['a,a', 'The "a" subprotocol is duplicated'],
  ]) {
    expect(() => parseSubprotocols(field)).toThrow(new SyntaxError(message));
  }
});

test.each(['foo; x="', 'a, '.repeat(2), ' \t'])('time is in proportion to length: %j, many times over', (piece) => {
  // What backtracks over a hundred thousand of these does not come back.
  expect(() => parse(`foo${piece.repeat(100_000)}`)).toThrow(SyntaxError);
  expect(() => parseSubprotocols(`foo${piece.repeat(100_000)}`)).toThrow(SyntaxError);
});
