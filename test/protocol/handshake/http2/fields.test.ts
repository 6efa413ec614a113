import { describe, expect, test } from 'vitest';
import {
  lowerFields,
  REQUEST_PSEUDO,
  RESPONSE_PSEUDO,
  splitFields,
} from '../../../../protocol/handshake/http2/fields.ts';

const ABOUT_A_CONNECTION = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
];

describe('the fields of a message', () => {
  test('are pseudo-header fields by name, and all others as they came (RFC 9113 §8.3)', () => {
    const request = [':method', ':protocol', ':scheme', ':path', ':authority'];
    const fields = request.flatMap((name, i) => [name, String(i)]);
    expect(splitFields([...fields, 'a', '1', 'a', '2', 'te', 'Trailers'], REQUEST_PSEUDO)).toEqual({
      pseudo: { ':method': '0', ':protocol': '1', ':scheme': '2', ':path': '3', ':authority': '4' },
      rawHeaders: ['a', '1', 'a', '2', 'te', 'Trailers'],
    });
    expect(splitFields([':status', '200'], RESPONSE_PSEUDO)).toEqual({ pseudo: { ':status': '200' }, rawHeaders: [] });
    expect(splitFields([], REQUEST_PSEUDO)).toEqual({ pseudo: {}, rawHeaders: [] });
  });

  test.each<[string, string[]]>([
    ['that is unknown', [':foo', 'x']],
    ['of a response', [':status', '200']],
    ['twice', [':path', '/', ':path', '/']],
    ['twice and empty', [':path', '', ':path', '']],
    ['behind another field', ['a', 'b', ':path', '/']],
  ])('are malformed with a pseudo-header field %s', (_, fields) => {
    expect(splitFields(fields, REQUEST_PSEUDO)).toBeUndefined();
  });

  test.each([['A'], ['xAx'], ['xA'], ...ABOUT_A_CONNECTION.map((name) => [name])])(
    'are malformed with the field %s (RFC 9113 §8.2)',
    (name) => {
      expect(splitFields([name, 'x'], REQUEST_PSEUDO)).toBeUndefined();
      expect(splitFields(['a', 'b', `${name.toLowerCase()}-x`, 'x'], REQUEST_PSEUDO)).toBeDefined();
    },
  );

  test('are malformed with a te that says anything but trailers (RFC 9113 §8.2.2)', () => {
    expect(splitFields(['te', 'trailers, gzip'], REQUEST_PSEUDO)).toBeUndefined();
    expect(splitFields(['tea', 'gzip'], REQUEST_PSEUDO)).toBeDefined();
  });

  test.each([[['odd']], [['a', 'b', 'c']], [['a', 1]], [[1, 'a']], ['no'], [{ length: 2 }], [undefined], [null]])(
    'are a TypeError when they are no names and values in turn: %j',
    (fields) => {
      expect(() => splitFields(fields as string[], REQUEST_PSEUDO)).toThrow(
        new TypeError('fields must be names and values in turn'),
      );
    },
  );

  test('named __proto__ are ordinary', () => {
    const section = splitFields([':path', '/', '__proto__', 'x'], REQUEST_PSEUDO)!;
    expect(section.rawHeaders).toEqual(['__proto__', 'x']);
    expect(Object.getPrototypeOf(section.pseudo)).toBeNull();
    expect(splitFields([':__proto__', '/'], REQUEST_PSEUDO)).toBeUndefined();
  });

  test('go out in lower case, without those that are about a connection', () => {
    const aboutOne = ABOUT_A_CONNECTION.flatMap((name) => [name.toUpperCase(), 'x']);
    expect(lowerFields(aboutOne)).toEqual([]);
    expect(lowerFields(['Host', 'h'])).toEqual(['host', 'h']);
    expect(lowerFields(['TE', 'gzip', 'TE', 'Trailers', 'TEA', 'gzip'])).toEqual(['te', 'Trailers', 'tea', 'gzip']);
    expect(lowerFields(['Connection', 'close', 'X-A', 'B', 'UPGRADE', 'x', 'Host', 'h'], new Set(['host']))).toEqual([
      'x-a',
      'B',
    ]);
  });
});
