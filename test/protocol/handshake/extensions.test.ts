import { describe, expect, test } from 'vitest';
import { parseExtensions } from '../../../protocol/handshake/extensions.ts';
import type { ExtensionElement } from '../../../protocol/handshake/types.ts';

describe('Sec-WebSocket-Extensions (RFC 6455 §9.1)', () => {
  test.each<[string, ExtensionElement[]]>([
    ['foo', [{ name: 'foo', params: [] }]],
    ['foo, bar', [element('foo'), element('bar')]],
    ['foo,foo', [element('foo'), element('foo')]],
    ['foo; a', [element('foo', ['a', undefined])]],
    ['foo; a=1; b="2"; a', [element('foo', ['a', '1'], ['b', '2'], ['a', undefined])]],
    ['foo;a=1,bar;b', [element('foo', ['a', '1']), element('bar', ['b', undefined])]],
    [' foo \t; a \t=\t 1 ,\tbar ', [element('foo', ['a', '1']), element('bar')]],
    ['foo; a="\\1\\2x"', [element('foo', ['a', '12x'])]],
    [', ,foo,, bar,\t', [element('foo'), element('bar')]],
    ['__proto__; constructor=toString', [element('__proto__', ['constructor', 'toString'])]],
    [
      'permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate',
      [
        element('permessage-deflate', ['client_max_window_bits', undefined], ['server_max_window_bits', '10']),
        element('permessage-deflate'),
      ],
    ],
    ["!#$%&'*+-.^_`|~0aA", [element("!#$%&'*+-.^_`|~0aA")]],
  ])('%j is valid', (field, elements) => {
    expect(parseExtensions(field)).toEqual(elements);
  });

  test.each([
    '',
    ' ',
    ',',
    ' , \t,',
    ';',
    'foo;',
    'foo; ,bar',
    'foo;;a',
    ';a',
    'foo; =1',
    'foo; a=',
    'foo; a= ;b',
    'foo; a=,bar',
    'foo=1',
    'foo bar',
    'foo; a b',
    'foo; a=1 2',
    'foo; a="1',
    'foo; a="1\\',
    'foo; a="1\\"',
    'foo; a=""',
    'foo; a="1 2"',
    'foo; a="\\""',
    'foo; a="1"2',
    'foo; a=1"2"',
    'foo; "a"=1',
    '"foo"',
    'f(oo',
    'f\xf6o',
    'foo; a=\xf6',
    'foo; a="\xf6"',
    'foo\0',
    'foo/1',
    'foo; a=b=c',
  ])('%j is malformed', (field) => {
    expect(parseExtensions(field)).toBeUndefined();
  });

  test('takes time in proportion to its length', () => {
    const elements = parseExtensions(Array.from({ length: 4000 }, () => 'a;b="\\c"').join(','));
    expect(elements).toHaveLength(4000);
    expect(parseExtensions(`a; b="${'\\x'.repeat(4000)}"`)![0].params[0][1]).toBe('x'.repeat(4000));
    expect(parseExtensions(`a; b="${'\\x'.repeat(4000)}`)).toBeUndefined();
  });
});

function element(name: string, ...params: [string, string | undefined][]): ExtensionElement {
  return { name, params };
}
