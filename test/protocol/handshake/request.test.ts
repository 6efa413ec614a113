import { describe, expect, test } from 'vitest';
import { collectFields } from '../../../protocol/handshake/fields.ts';
import { isRejection, validateHead, validateOffers, validateRequest } from '../../../protocol/handshake/request.ts';
import type { RequestHead } from '../../../protocol/handshake/types.ts';
import { KEY, rawHeaders } from './support.ts';

const HEAD: RequestHead = { method: 'GET', target: '/chat', version: '1.1', rawHeaders: rawHeaders() };

function statusOf(result: object): number | undefined {
  return isRejection(result) ? result.status : undefined;
}

test('a valid request is handed over with its key and its offers', () => {
  const fields = { 'Sec-WebSocket-Extensions': ['a; b', 'c'], 'Sec-WebSocket-Protocol': ['x', 'y'] };
  expect(validateRequest({ ...HEAD, rawHeaders: rawHeaders(fields) })).toMatchObject({
    key: KEY,
    extensions: [
      { name: 'a', params: [['b', undefined]] },
      { name: 'c', params: [] },
    ],
    request: { subprotocols: ['x', 'y'], origin: undefined },
  });
});

describe('offers', () => {
  test('are valid without a key, for an extended CONNECT (RFC 8441 §5)', () => {
    expect(validateOffers(collectFields(['sec-websocket-version', '13']))).toEqual({
      extensions: [],
      subprotocols: [],
    });
  });

  test.each([
    [426, []],
    [426, ['sec-websocket-version', '8']],
    [400, ['sec-websocket-version', '13', 'sec-websocket-extensions', ';']],
    [400, ['sec-websocket-version', '13', 'sec-websocket-protocol', 'a b']],
  ])('are refused with %i for %j', (status, fields) => {
    expect(statusOf(validateOffers(collectFields(fields)))).toBe(status);
  });
});

describe('a head that something else has parsed', () => {
  test('is handed on without the white space around its values', () => {
    const head = { ...HEAD, rawHeaders: ['A', ' \t b \xff\t'] };
    expect(validateHead(head)).toEqual({ ...HEAD, rawHeaders: ['A', 'b \xff'] });
  });

  test.each<[string, number, Partial<RequestHead>]>([
    ['an empty method', 400, { method: '' }],
    ['a method that is no token', 400, { method: 'G T' }],
    ['an empty target', 400, { target: '' }],
    ['a target with a space', 400, { target: '/a b' }],
    ['a target with CR and LF', 400, { target: '/\r\nX: y' }],
    ['a target with a fragment', 400, { target: '/#a' }],
    ['a target above U+00FF', 400, { target: '/漢' }],
    ['a target over 8 KiB', 414, { target: `/${'x'.repeat(8179)}` }],
    ['an empty name', 400, { rawHeaders: ['', 'a'] }],
    ['a name with a space', 400, { rawHeaders: ['Host ', 'a'] }],
    ['a value with LF', 400, { rawHeaders: ['a', 'b\nc'] }],
    ['a value with NUL', 400, { rawHeaders: ['a', '\0'] }],
    ['a value above U+00FF', 400, { rawHeaders: ['a', '漢'] }],
    ['101 fields', 431, { rawHeaders: Array.from({ length: 202 }, () => 'a') }],
    ['a line over 8 KiB', 431, { rawHeaders: ['a', 'x'.repeat(8190)] }],
    ['more than 16 KiB', 431, { rawHeaders: ['a', 'x'.repeat(8189), 'b', 'x'.repeat(8164)] }],
  ])('is refused with %s', (_, status, part) => {
    expect(statusOf(validateHead({ ...HEAD, ...part }))).toBe(status);
  });

  test('may be as large as one that comes in bytes', () => {
    const right: Partial<RequestHead>[] = [
      { target: `/${'x'.repeat(8178)}` },
      { rawHeaders: Array.from({ length: 200 }, () => 'a') },
      { rawHeaders: ['a', 'x'.repeat(8189)] },
      { target: '/', rawHeaders: ['a', 'x'.repeat(8189), 'b', 'x'.repeat(8167)] },
    ];
    for (const part of right) expect(statusOf(validateHead({ ...HEAD, ...part }))).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['a method that is no string', { ...HEAD, method: 1 }],
    ['no target', { ...HEAD, target: undefined }],
    ['no version', { ...HEAD, version: undefined }],
    ['no fields', { ...HEAD, rawHeaders: undefined }],
    ['a name without a value', { ...HEAD, rawHeaders: ['a'] }],
    ['a value that is no string', { ...HEAD, rawHeaders: ['a', 1] }],
  ])('is a TypeError with %s', (_, head) => {
    expect(() => validateHead(head as RequestHead)).toThrow(TypeError);
  });
});
