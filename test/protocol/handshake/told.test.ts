/** What the other side, a caller and a log are told of an opening handshake that does not come about. */
import { describe, expect, test } from 'vitest';
import { acceptKey } from '../../../protocol/handshake/accept-key.ts';
import { ClientHandshake } from '../../../protocol/handshake/client.ts';
import { makeRequest } from '../../../protocol/handshake/client-request.ts';
import { TunnelHandshake } from '../../../protocol/handshake/http1/tunnel.ts';
import { judgeRequest } from '../../../protocol/handshake/http2/extended-connect.ts';
import { isRejection, validateHead, validateRequest } from '../../../protocol/handshake/request.ts';
import { ServerHandshake } from '../../../protocol/handshake/server.ts';
import { parseWebSocketUrl } from '../../../protocol/handshake/url.ts';
import { InvalidStateError } from '../../../protocol/index.ts';

const FIELDS = {
  Host: 'a.example',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version': '13',
};
const headOf = (fields: object, more: object = {}) => ({
  method: 'GET',
  target: '/',
  version: '1.1',
  rawHeaders: Object.entries({ ...FIELDS, ...fields })
    .filter(([, value]) => value !== undefined)
    .flat() as string[],
  ...more,
});

describe('a request over HTTP/1.1 that is refused', () => {
  test.each([
    [405, 'the method of an opening handshake is GET', headOf({}, { method: 'POST' })],
    [505, 'an opening handshake needs HTTP/1.1', headOf({}, { version: '1.0' })],
    [400, 'the request target names no resource', headOf({}, { target: 'a' })],
    [400, 'Host is missing or invalid', headOf({ Host: undefined })],
    [400, 'an opening handshake has no body', headOf({ 'Content-Length': '1' })],
    [426, 'this is a WebSocket endpoint', headOf({ Upgrade: 'h2c' })],
    [400, 'Connection lacks the token upgrade', headOf({ Connection: 'close' })],
    [400, 'Sec-WebSocket-Key is not the base64 of 16 bytes', headOf({ 'Sec-WebSocket-Key': 'x' })],
    [426, 'the version of the protocol is 13', headOf({ 'Sec-WebSocket-Version': '8' })],
    [400, 'Sec-WebSocket-Extensions is malformed', headOf({ 'Sec-WebSocket-Extensions': ';' })],
    [400, 'Sec-WebSocket-Protocol is not a list of different tokens', headOf({ 'Sec-WebSocket-Protocol': 'a, a' })],
  ])('%i: %s', (status, text, head) => {
    expect(validateRequest(head)).toMatchObject({ status, body: `${text}\n` });
  });

  test.each([
    [400, 'the start line is malformed', headOf({}, { target: '' })],
    [414, 'a line is too long', headOf({}, { target: `/${'x'.repeat(8192)}` })],
    [431, 'there are too many fields', headOf({}, { rawHeaders: Array<string>(202).fill('x') })],
    [400, 'a field name is not a token', headOf({ 'a b': 'x' })],
    [400, 'a control character stands in the head', headOf({ a: 'x\0' })],
    [431, 'a line is too long', headOf({ a: 'x'.repeat(8192) })],
    [431, 'the head is too large', headOf({ a: 'x'.repeat(8000), b: 'x'.repeat(8000), c: 'x'.repeat(1000) })],
  ])('as another has parsed it, %i: %s', (status, text, head) => {
    expect(validateHead(head)).toMatchObject({ status, body: `${text}\n` });
  });

  test.each([
    ['a request head has a method, a target and a version', headOf({}, { method: 1 })],
    ['rawHeaders must be names and values in turn', headOf({}, { rawHeaders: ['x'] })],
  ])('or is no head at all, a TypeError: %s', (text, head) => {
    expect(() => validateHead(head as never)).toThrow(new TypeError(text));
  });
});

describe('a request over HTTP/2 that is refused', () => {
  const CONNECT = {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': '/',
    ':authority': 'a.example',
    'sec-websocket-version': '13',
  };
  const GET = { ':method': 'GET', ':protocol': undefined };

  test.each<[number, string, Record<string, string | undefined>, boolean]>([
    [400, 'the fields are malformed', { ':path:': '/' }, false],
    [501, 'a CONNECT is for the protocol websocket', { ':protocol': 'bytestream' }, false],
    [501, 'a CONNECT is for the protocol websocket', { ':protocol': undefined }, false],
    [400, ':protocol goes with CONNECT', { ':method': 'GET' }, true],
    [400, 'the start line is malformed', { ':path': '' }, false],
    [400, 'the request names no resource', { ':path': 'https://a.example/' }, false],
    [400, 'the request names no resource', { ':scheme': 'wss' }, false],
    [400, 'the request names no resource', { ':scheme': 'https:' }, false],
    [400, 'the request names no resource', { ':scheme': 'xhttp' }, false],
    [400, ':authority is missing or invalid', { ':authority': undefined }, false],
    [400, ':authority is missing or invalid', { ':authority': 'a b' }, false],
    [400, ':authority and Host differ', { host: 'b.example' }, false],
    [400, 'an opening handshake has no body', {}, true],
    [400, 'an opening handshake has no body', { 'content-length': '0' }, false],
    [400, 'the version of the protocol is 13', { 'sec-websocket-version': '8' }, false],
    [400, 'Sec-WebSocket-Extensions is malformed', { 'sec-websocket-extensions': ';' }, false],
    [400, 'a request has no body here', GET, false],
    [400, 'a request has no body here', { ...GET, 'content-length': '3' }, true],
    [405, 'this is a WebSocket endpoint', GET, true],
  ])('%i: %s', (status, text, changes, isEnd) => {
    const fields = Object.entries({ ...CONNECT, ...changes }).filter(([, value]) => value !== undefined);
    const { verdict } = judgeRequest(fields.flat() as string[], isEnd);
    expect(isRejection(verdict)).toBe(true);
    expect(verdict).toMatchObject({ status, body: `${text}\n` });
  });
});

describe('a request that cannot be sent', () => {
  test.each<[Error, object]>([
    [new RangeError('maxRedirects must be an integer from 0 to 10'), { maxRedirects: 11 }],
    [new RangeError('maxRedirects must be an integer from 0 to 10'), { maxRedirects: 0.5 }],
    [new TypeError('origin must be a string that can stand in a header'), { origin: 'a\n' }],
    [new TypeError('origin must be a string that can stand in a header'), { origin: 5 }],
    [new TypeError('Origin may stand only once'), { origin: 'a', headers: { origin: 'b' } }],
    [new TypeError('Host may stand only once'), { headers: { host: ['a', 'b'] } }],
    [new TypeError('the host is not valid'), { headers: { host: 'a b' } }],
    [new TypeError('host must be a string'), { url: undefined, host: 5, path: '/' }],
    [
      new TypeError('path must begin with a slash and consist of visible ASCII characters but #'),
      { url: undefined, host: 'a', path: 'x' },
    ],
  ])('%s', (error, options) => {
    const all: Record<string, unknown> = { url: 'ws://a.example/', ...options };
    if (all.url === undefined) delete all.url;
    expect(() => makeRequest(all as never, 'key', '')).toThrow(error);
  });

  test.each([
    ['a WebSocket URL has no fragment', 'ws://a.example/#'],
    ['the host or the port of the WebSocket URL is not valid', 'ws://a:b/'],
    [
      'a URL has no place for the zone of an IPv6 address, which only means something on this machine',
      'ws://[fe80::1%25eth0]/',
    ],
  ])('%s', (text, url) => {
    expect(() => parseWebSocketUrl(url)).toThrow(new SyntaxError(text));
  });

  test('a tunnel that leads nowhere', () => {
    const error = new TypeError('a tunnel leads to a host and a port');
    for (const authority of ['a.example', 'a b:1']) {
      expect(() => new TunnelHandshake({ authority })).toThrow(error);
    }
  });
});

describe('a response that opens nothing', () => {
  const told = (text: string, options: object = {}, isOver = false) => {
    const asked = { url: 'ws://a.example/', ...options };
    const handshake = new ClientHandshake(asked, (bytes) => bytes.fill(1), undefined);
    const accept = acceptKey(handshake.request.headers['sec-websocket-key']);
    const bytes = Buffer.from(text.replace('ACCEPT', accept), 'latin1');
    handshake.receive(bytes, 0, bytes.length);
    if (isOver) handshake.receiveEof();
    const { message, kind, isTemporary } = handshake.error!;
    return { message, kind, isTemporary };
  };
  const ACCEPTED =
    'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n';

  test('one that is cut short', () => {
    expect(told('HTTP/1.1 101', {}, true)).toEqual({
      message: 'the connection ended before the response was complete',
      kind: 'lost',
      isTemporary: true,
    });
  });

  test('one behind others without end', () => {
    expect(told('HTTP/1.1 100 x\r\n\r\n'.repeat(20))).toMatchObject({
      message: 'too many 1xx responses came before the answer',
      kind: 'bad-response',
      isTemporary: false,
    });
  });

  test.each(['\x15', '\x16'])('one of TLS', (first) => {
    const message = 'the server speaks TLS there: the URL should begin with wss:';
    expect(told(`${first}\x03\x03\x00\x02`)).toMatchObject({ message, kind: 'tls' });
  });

  test('one without a subprotocol', () => {
    const message =
      'the server selected none of the subprotocols offered (a, b); requireSubprotocol: false lets that pass';
    expect(told(ACCEPTED, { subprotocols: ['a', 'b'] })).toMatchObject({ message, kind: 'subprotocol' });
  });

  test('another status', () => {
    const message = 'the server answered with status 404 instead of 101';
    expect(told('HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n')).toMatchObject({ message, kind: 'response' });
  });

  test('data over HTTP/2 before its fields', () => {
    const handshake = new ClientHandshake({ url: 'ws://a.example/' }, (bytes) => bytes.fill(1), undefined);
    handshake.useHttp2();
    handshake.receive(Uint8Array.of(1), 0, 1);
    expect(handshake.error?.message).toBe('the response is not valid: data came before its fields');
  });
});

describe('a server’s call at the wrong time', () => {
  const asked = (): ServerHandshake => {
    const handshake = new ServerHandshake({});
    handshake.receiveHead(headOf({ 'Sec-WebSocket-Protocol': 'a' }));
    return handshake;
  };

  test.each<[Error, (handshake: ServerHandshake) => void]>([
    [new InvalidStateError('a request has been received already'), (it) => it.receiveHead(headOf({}))],
    [new InvalidStateError('a request has been received already'), (it) => it.receiveFields([], true)],
    [
      new InvalidStateError('there is no request to accept'),
      (it) => {
        it.accept();
        it.accept();
      },
    ],
    [new InvalidStateError('there is no request to accept'), () => new ServerHandshake({}).accept()],
    [
      new InvalidStateError('the request has been answered already'),
      (it) => {
        it.accept();
        it.reject({ status: 400 });
      },
    ],
    [new TypeError('the subprotocol was not offered'), (it) => it.accept({ subprotocol: 'b' })],
  ])('%s', (error, call) => {
    const handshake = asked();
    expect(() => call(handshake)).toThrow(error);
  });
});
