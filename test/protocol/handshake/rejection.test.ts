import { STATUS_CODES } from 'node:http';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  DECISION_FAILED,
  EARLY_FRAMES,
  formatRejection,
  refuse,
  refuseUpgrade,
  TOO_SLOW,
  UNAVAILABLE,
} from '../../../protocol/handshake/rejection.ts';
import type { Rejection } from '../../../protocol/handshake/types.ts';
import { parseResponse, text } from './support.ts';

describe('a rejection', () => {
  test('is a response with Content-Length and Connection: close', () => {
    expect(text(formatRejection({ status: 403 }))).toBe(
      'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
  });

  test('may have a status text, headers and a body of text, in UTF-8', () => {
    const rejection = { status: 404, statusText: 'Gone f\xfcr good', headers: { 'X-A': ['1', '2'] }, body: 'für 漢' };
    expect(formatRejection(rejection)).toEqual(
      new Uint8Array([
        ...Buffer.from(
          'HTTP/1.1 404 Gone f\xfcr good\r\nX-A: 1\r\nX-A: 2\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 8\r\nConnection: close\r\n\r\n',
          'latin1',
        ),
        ...Buffer.from('für 漢'),
      ]),
    );
  });

  test('may have a body of bytes, and a Content-Type of its own', () => {
    const body = Uint8Array.of(0, 255, 10);
    const bytes = parseResponse(formatRejection({ status: 500, body }));
    expect(bytes).toEqual({
      status: 500,
      headers: { 'content-length': '3', connection: 'close' },
      body: '\x00\xff\n',
    });
    const own: [string, string] = ['content-TYPE', 'a/b'];
    for (const headers of [[own], [['x-other', 'c'], own]] as [string, string][][]) {
      const json = parseResponse(formatRejection({ status: 400, headers, body: '{}' }));
      expect(json.headers).toMatchObject({ 'content-type': 'a/b', 'content-length': '2', connection: 'close' });
    }
  });

  test('to a HEAD request has the length of its body and no body (RFC 9110 §9.3.2)', () => {
    const { headers, body } = parseResponse(formatRejection({ status: 405, body: 'text' }, true));
    expect(headers['content-length']).toBe('4');
    expect(body).toBe('');
  });

  test.each([204, 304])('with status %i has neither a body nor its length (RFC 9110 §8.6)', (status) => {
    expect(parseResponse(formatRejection({ status }))).toEqual({ status, headers: { connection: 'close' }, body: '' });
    expect(parseResponse(formatRejection({ status, body: '' })).headers).toEqual({ connection: 'close' });
    expect(() => formatRejection({ status, body: 'text' })).toThrow(TypeError);
  });

  test('may have a status without a known text', () => {
    expect(text(formatRejection({ status: 599 }))).toMatch(/^HTTP\/1\.1 599 \r\n/);
    expect(text(formatRejection({ status: 403, statusText: '' }))).toMatch(/^HTTP\/1\.1 403 \r\n/);
  });

  test('that names a protocol in Upgrade names Upgrade in Connection (RFC 9110 §7.8)', () => {
    const { headers } = parseResponse(formatRejection({ status: 426, headers: { Upgrade: 'websocket' } }));
    expect(headers).toMatchObject({ upgrade: 'websocket', connection: 'Upgrade, close' });
  });

  test.each([100, 101, 199, 600, 0, -1, 403.5, NaN, '403', undefined])(
    'throws a RangeError for status %j',
    (status) => {
      expect(() => formatRejection({ status } as Rejection)).toThrow(RangeError);
    },
  );

  test.each<[string, unknown]>([
    ['a status text with a line end', { status: 403, statusText: 'a\r\nb' }],
    ['a status text above U+00FF', { status: 403, statusText: '漢' }],
    ['a status text that is no string', { status: 403, statusText: 1 }],
    ['a body that is neither text nor bytes', { status: 403, body: { a: 1 } }],
    ['Content-Length', { status: 403, headers: { 'content-length': '5' } }],
    ['Connection', { status: 403, headers: { Connection: 'keep-alive' } }],
    ['Transfer-Encoding', { status: 403, headers: { 'Transfer-Encoding': 'chunked' } }],
    ['CR and LF in a header', { status: 403, headers: { a: 'b\r\n\r\n<script>' } }],
    ['a name that is no token', { status: 403, headers: { 'a:b': 'c' } }],
  ])('throws a TypeError for %s', (_, rejection) => {
    expect(() => formatRejection(rejection as Rejection)).toThrow(TypeError);
  });
});

test("the handshake's own rejections say what is wrong", () => {
  expect(refuse(400, 'what is wrong')).toEqual({ status: 400, headers: {}, body: 'what is wrong\n' });
  expect(refuseUpgrade('why')).toEqual({
    status: 426,
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
    body: 'why\n',
  });
});

test.each([
  200, 204, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 414, 421, 426, 429, 431, 451,
  500, 501, 502, 503, 504, 505,
])('status %i has the reason phrase that Node gives it', (status) => {
  expect(text(formatRejection({ status })).split('\r\n')[0]).toBe(`HTTP/1.1 ${status} ${STATUS_CODES[status]}`);
});

test('status 413 has the reason phrase of RFC 9110 §15.5.14', () => {
  expect(text(formatRejection({ status: 413 })).split('\r\n')[0]).toBe('HTTP/1.1 413 Content Too Large');
});

test('what can not be sent is named by the error', () => {
  const format = (rejection: unknown) => () => formatRejection(rejection as Rejection);
  expect(format({ status: 600 })).toThrow('the status of a rejection must be an integer from 200 to 599');
  for (const none of [null, true, 'text', 403, undefined]) {
    expect(format(none)).toThrow(new TypeError('a response must be an object: { status, headers, body }'));
  }
  expect(format({ status: 403, statusText: '\n' })).toThrow('statusText has a character that may not stand there');
  expect(format({ status: 204, body: 'a' })).toThrow('a response with status 204 has no body');
  expect(format({ status: 205, body: 'a' })).toThrow('a response with status 205 has no body');
  expect(format({ status: 205 })).not.toThrow();
  expect(format({ status: 403, body: 1 })).toThrow('the body must be a string or a Uint8Array');
});

test('a server that can not decide says whether and when to come again', () => {
  expect(TOO_SLOW.status).toBe(408);
  expect(parseResponse(formatRejection(UNAVAILABLE))).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  expect(parseResponse(formatRejection(DECISION_FAILED))).toMatchObject({
    status: 500,
    body: 'the server failed to decide\n',
  });
  expect(parseResponse(formatRejection(EARLY_FRAMES))).toMatchObject({
    status: 400,
    body: 'frames before the handshake was over\n',
  });
});

test('a body of bytes of another realm, as those are in Jest, and of a view, is exactly those bytes', () => {
  const foreign = runInNewContext('new Uint8Array([104, 105, 33]).subarray(0, 2)') as Uint8Array;
  for (const body of [foreign, new DataView(new Uint8Array([104, 105]).buffer) as never]) {
    expect(parseResponse(formatRejection({ status: 403, body }))).toMatchObject({ body: 'hi' });
  }
});
