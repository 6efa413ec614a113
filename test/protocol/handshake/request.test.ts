import { describe, expect, test } from 'vitest';
import { collectFields } from '../../../protocol/handshake/fields.ts';
import {
  isRejection,
  plainRequest,
  validateHead,
  validateOffers,
  validateRequest,
} from '../../../protocol/handshake/request.ts';
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

describe('a request that is refused', () => {
  const noUpgrade = { Upgrade: 'h2c' };
  test.each<[Partial<RequestHead>, number, string]>([
    [{ method: 'POST' }, 405, 'the method of an opening handshake is GET'],
    [{ version: '1.0' }, 505, 'an opening handshake needs HTTP/1.1'],
    [{ target: '*' }, 400, 'the request target names no resource'],
    [{ rawHeaders: rawHeaders({ Host: undefined }) }, 400, 'Host is missing or invalid'],
    [{ rawHeaders: rawHeaders({ Host: ['a', 'b'] }) }, 400, 'Host is missing or invalid'],
    [{ rawHeaders: rawHeaders({ 'Content-Length': '1' }) }, 400, 'an opening handshake has no body'],
    [{ rawHeaders: rawHeaders({ 'Transfer-Encoding': 'chunked' }) }, 400, 'an opening handshake has no body'],
    [{ rawHeaders: rawHeaders(noUpgrade) }, 426, 'this is a WebSocket endpoint'],
    [{ rawHeaders: rawHeaders({ Connection: 'close' }) }, 400, 'Connection lacks the token upgrade'],
    [{ rawHeaders: rawHeaders({ 'Sec-WebSocket-Key': 'a' }) }, 400, 'Sec-WebSocket-Key is not the base64 of 16 bytes'],
    [{ rawHeaders: rawHeaders({ 'Sec-WebSocket-Version': '8' }) }, 426, 'the version of the protocol is 13'],
  ])('is told why in a line of text: %j', (part, status, why) => {
    expect(validateRequest({ ...HEAD, ...part })).toMatchObject({ status, body: `${why}\n` });
  });

  test('could be answered as plain HTTP when it asks for no WebSocket, and for that alone', () => {
    const head = { ...HEAD, method: 'POST', rawHeaders: rawHeaders(noUpgrade) };
    expect(plainRequest(head)).toMatchObject({ method: 'POST', path: '/chat', host: 'example.com' });
    expect(plainRequest({ ...head, version: '1.0' })).toBeUndefined();
    expect(plainRequest({ ...head, rawHeaders: rawHeaders() })).toBeUndefined();
    // One that asks for a WebSocket, though in a wrong version, is none.
    expect(plainRequest({ ...head, rawHeaders: rawHeaders({ 'Sec-WebSocket-Version': '8' }) })).toBeUndefined();
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
    [426, 'the version of the protocol is 13', []],
    [426, 'the version of the protocol is 13', ['sec-websocket-version', '8']],
    [400, 'Sec-WebSocket-Extensions is malformed', ['sec-websocket-version', '13', 'sec-websocket-extensions', ';']],
    [
      400,
      'Sec-WebSocket-Protocol is not a list of different tokens',
      ['sec-websocket-version', '13', 'sec-websocket-protocol', 'a b'],
    ],
  ])('are refused with %i: %s, for %j', (status, why, fields) => {
    expect(validateOffers(collectFields(fields))).toMatchObject({ status, body: `${why}\n` });
  });
});

describe('a head that something else has parsed', () => {
  test('is handed on without the white space around its values', () => {
    const head = { ...HEAD, rawHeaders: ['A', ' \t b \xff\t'] };
    expect(validateHead(head)).toEqual({ ...HEAD, rawHeaders: ['A', 'b \xff'] });
  });

  test.each<[string, number, string, Partial<RequestHead>]>([
    ['an empty method', 400, 'the start line is malformed', { method: '' }],
    ['a method that is no token', 400, 'the start line is malformed', { method: 'G T' }],
    ['an empty target', 400, 'the start line is malformed', { target: '' }],
    ['a target with a space', 400, 'the start line is malformed', { target: '/a b' }],
    ['a target with CR and LF', 400, 'the start line is malformed', { target: '/\r\nX: y' }],
    ['a target with a fragment', 400, 'the start line is malformed', { target: '/#a' }],
    ['a target above U+00FF', 400, 'the start line is malformed', { target: '/漢' }],
    ['a target over 8 KiB', 414, 'a line is too long', { target: `/${'x'.repeat(8179)}` }],
    ['an empty name', 400, 'a field name is not a token', { rawHeaders: ['', 'a'] }],
    ['a name with a space', 400, 'a field name is not a token', { rawHeaders: ['Host ', 'a'] }],
    ['a value with LF', 400, 'a control character stands in the head', { rawHeaders: ['a', 'b\nc'] }],
    ['a value with NUL', 400, 'a control character stands in the head', { rawHeaders: ['a', '\0'] }],
    ['a value above U+00FF', 400, 'a control character stands in the head', { rawHeaders: ['a', '漢'] }],
    ['101 fields', 431, 'there are too many fields', { rawHeaders: Array.from({ length: 202 }, () => 'a') }],
    ['a line over 8 KiB', 431, 'a line is too long', { rawHeaders: ['a', 'x'.repeat(8190)] }],
    ['more than 16 KiB', 431, 'the head is too large', { rawHeaders: ['a', 'x'.repeat(8189), 'b', 'x'.repeat(8164)] }],
  ])('is refused with %s', (_, status, why, part) => {
    expect(validateHead({ ...HEAD, ...part })).toMatchObject({ status, body: `${why}\n` });
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
    ['fields that are no array', { ...HEAD, rawHeaders: 'ab' }],
  ])('is a TypeError with %s, which says what a head has', (_, head) => {
    const why = /^(a request head has a method, a target and a version|rawHeaders must be names and values in turn)$/;
    expect(() => validateHead(head as RequestHead)).toThrow(TypeError);
    expect(() => validateHead(head as RequestHead)).toThrow(why);
  });
});
