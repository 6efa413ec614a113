import { describe, expect, test } from 'vitest';
import { formatRequest, makeRequest } from '../../../protocol/handshake/client-request.ts';
import type { ClientRequest } from '../../../protocol/handshake/client-request.ts';
import { KEY, text } from './support.ts';

function make(options: Partial<ClientRequest>, offer = '') {
  return makeRequest({ url: 'ws://example.com', ...options } as ClientRequest, KEY, offer);
}

describe('the request (RFC 6455 §4.1)', () => {
  test('has its fields in order, Host first', () => {
    const request = make(
      {
        url: 'wss://user:pass@example.com:8443/chat/room?id=1',
        origin: 'https://example.com',
        subprotocols: ['a', 'b'],
        headers: { 'X-A': '1', Cookie: ['c=d', 'e=f'] },
      },
      'x-fake; a',
    );
    const fields = [
      ['Host', 'example.com:8443'],
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Key', KEY],
      ['Sec-WebSocket-Version', '13'],
      ['Origin', 'https://example.com'],
      ['Sec-WebSocket-Protocol', 'a, b'],
      ['Sec-WebSocket-Extensions', 'x-fake; a'],
      ['Authorization', 'Basic dXNlcjpwYXNz'],
      ['X-A', '1'],
      ['Cookie', 'c=d'],
      ['Cookie', 'e=f'],
    ];
    expect(request).toEqual({
      method: 'GET',
      target: '/chat/room?id=1',
      version: '1.1',
      rawHeaders: fields.flat(),
      headers: expect.anything(),
      path: '/chat/room',
      query: 'id=1',
      host: 'example.com:8443',
      origin: 'https://example.com',
      subprotocols: ['a', 'b'],
    });
    expect(request.headers.cookie).toBe('c=d; e=f');
    expect(text(formatRequest(request))).toBe(
      `GET /chat/room?id=1 HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    );
  });

  test('may be given a host and a path instead of a URL', () => {
    const request = makeRequest({ host: '[::1]:80', path: '/a?b' }, KEY, '');
    expect(request).toMatchObject({ host: '[::1]:80', target: '/a?b', path: '/a', query: 'b', origin: undefined });
  });

  test('takes a URL object for its text', () => {
    expect(make({ url: new URL('ws://example.com/a') as unknown as string }).target).toBe('/a');
  });

  test("may have the caller's Host, in the place of the URL's", () => {
    const { rawHeaders, host } = make({ headers: { 'X-A': '1', host: 'other.example:81' } });
    expect(host).toBe('other.example:81');
    expect(rawHeaders.slice(0, 2)).toEqual(['Host', 'other.example:81']);
    expect(rawHeaders.slice(-2)).toEqual(['X-A', '1']);
  });

  test("may have the caller's Authorization, in the place of the user info", () => {
    const { headers } = make({ url: 'ws://user:pass@a', headers: { authorization: 'Bearer x' } });
    expect(headers.authorization).toBe('Bearer x');
  });

  test("may have the caller's Origin, when the option gives none", () => {
    expect(make({ headers: { Origin: 'https://a' } }).origin).toBe('https://a');
  });

  test('keeps its own list of subprotocols', () => {
    const subprotocols = ['a'];
    const request = make({ subprotocols });
    subprotocols.push('b');
    expect(request.subprotocols).toEqual(['a']);
  });
});

describe('misuse throws', () => {
  test('a SyntaxError for a URL', () => {
    expect(() => make({ url: 'http://a' })).toThrow(SyntaxError);
    expect(() => make({ url: undefined as unknown as string })).toThrow(SyntaxError);
  });

  test.each<[string, unknown]>([
    ['a host that is not valid', { host: 'a b', path: '/' }],
    ['a host that is no string', { path: '/' }],
    ['a path that is no string', { host: 'a' }],
    ['a path without its slash', { host: 'a', path: 'b' }],
    ['an empty path', { host: 'a', path: '' }],
    ['a path with a fragment', { host: 'a', path: '/#' }],
    ['a path with CR and LF', { host: 'a', path: '/\r\n' }],
    ['a path that is not ASCII', { host: 'a', path: '/é' }],
    ['an origin with LF', { url: 'ws://a', origin: 'https://a\nb' }],
    ['an origin that is no string', { url: 'ws://a', origin: 1 }],
    ['two origins', { url: 'ws://a', origin: 'https://a', headers: { origin: 'https://b' } }],
    ['two Origin headers', { url: 'ws://a', headers: { origin: ['https://a', 'https://b'] } }],
    ['two Host headers', { url: 'ws://a', headers: { host: ['a', 'b'] } }],
    ['a Host header that is not valid', { url: 'ws://a', headers: { host: 'a b' } }],
    ['a subprotocol that is no token', { url: 'ws://a', subprotocols: ['a b'] }],
    ['a repeated subprotocol', { url: 'ws://a', subprotocols: ['a', 'a'] }],
    ['subprotocols that are no array', { url: 'ws://a', subprotocols: 'a' }],
    ['a header with CR', { url: 'ws://a', headers: { a: '\r' } }],
    ['a header with a bad name', { url: 'ws://a', headers: { 'a b': 'c' } }],
    ['Upgrade', { url: 'ws://a', headers: { upgrade: 'h2c' } }],
    ['Connection', { url: 'ws://a', headers: { connection: 'close' } }],
    ['Sec-WebSocket-Key', { url: 'ws://a', headers: { 'Sec-WebSocket-Key': KEY } }],
    ['Sec-WebSocket-Version', { url: 'ws://a', headers: { 'Sec-WebSocket-Version': '13' } }],
    ['Sec-WebSocket-Protocol', { url: 'ws://a', headers: { 'Sec-WebSocket-Protocol': 'a' } }],
    ['Sec-WebSocket-Extensions', { url: 'ws://a', headers: { 'Sec-WebSocket-Extensions': 'a' } }],
    ['Content-Length', { url: 'ws://a', headers: { 'Content-Length': '0' } }],
    ['Transfer-Encoding', { url: 'ws://a', headers: { 'Transfer-Encoding': 'chunked' } }],
  ])('a TypeError for %s', (_, options) => {
    expect(() => makeRequest(options as ClientRequest, KEY, '')).toThrow(TypeError);
  });
});
