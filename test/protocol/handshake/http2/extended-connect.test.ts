/** RFC 8441: what an extended CONNECT may and may not look like, in both directions. */
import { describe, expect, test } from 'vitest';
import { HandshakeError, InvalidStateError } from '../../../../protocol/errors.ts';
import { answerConnect } from '../../../../protocol/handshake/answer.ts';
import { ClientHandshake } from '../../../../protocol/handshake/client.ts';
import {
  CANCEL,
  isExtendedConnect,
  isHttp2Preface,
  judgeRequest,
  readResponse,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
} from '../../../../protocol/handshake/http2/extended-connect.ts';
import { RESPONSE_HEAD } from '../../../../protocol/handshake/http1/status-line.ts';
import { ServerHandshake } from '../../../../protocol/handshake/server.ts';
import type { ServerHandshakeOptions } from '../../../../protocol/handshake/server-policy.ts';
import { DONE, FAILED, READING, REQUESTED } from '../../../../protocol/handshake/state.ts';
import { bytes, FakeExtension, text } from '../support.ts';

type Changes = Record<string, string | undefined>;

const CONNECT: Changes = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'https',
  ':path': '/chat?id=1',
  ':authority': 'example.com',
  'sec-websocket-version': '13',
};

/** The fields of an opening handshake that is valid but for what is changed. */
function connect(changes: Changes = {}): string[] {
  return Object.entries({ ...CONNECT, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
}

/** A request that asks for no WebSocket. */
function plain(changes: Changes = {}): string[] {
  const pseudo = { ':method': 'GET', ':protocol': undefined, 'sec-websocket-version': undefined };
  return connect({ ...pseudo, ...changes });
}

function received(fields: string[], options: ServerHandshakeOptions = {}, isEnd = false): ServerHandshake {
  const handshake = new ServerHandshake(options);
  handshake.receiveFields(fields, isEnd);
  return handshake;
}

const refusalOf = (fields: string[], isEnd = false) => received(fields, {}, isEnd).refusal?.status;

describe('the numbers of RFC 8441 and RFC 9113', () => {
  test('are these', () => {
    expect(SETTINGS_ENABLE_CONNECT_PROTOCOL).toBe(8);
    expect(CANCEL).toBe(8);
  });

  test('the preface is told from every other beginning, as soon as it can be', () => {
    const preface = bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    for (let end = 0; end < preface.length; end++) {
      expect(isHttp2Preface(preface.subarray(0, end))).toBeUndefined();
      const other = preface.slice(0, end + 1);
      other[end] ^= 1;
      expect(isHttp2Preface(other)).toBe(false);
    }
    expect(isHttp2Preface(preface)).toBe(true);
    expect(isHttp2Preface(bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nand more'))).toBe(true);
    expect(isHttp2Preface(bytes('GET / HTTP/1.1\r\n'))).toBe(false);
  });

  test('an extended CONNECT for a WebSocket is told from all other requests', () => {
    expect(isExtendedConnect(connect())).toBe(true);
    expect(isExtendedConnect(connect({ ':protocol': 'WebSocket', 'sec-websocket-version': '8' }))).toBe(true);
    expect(isExtendedConnect(connect({ ':protocol': 'connect-udp' }))).toBe(false);
    expect(isExtendedConnect(plain())).toBe(false);
    expect(isExtendedConnect(plain({ ':protocol': 'websocket' }))).toBe(false);
    expect(isExtendedConnect(['x', 'y', ':method', 'CONNECT'])).toBe(false);
  });
});

describe('a response', () => {
  test('has as many fields at most as one over HTTP/1.1, and no reason phrase', () => {
    const fields = [':status', '200', ...Array.from({ length: RESPONSE_HEAD.maxFields }, () => ['a', 'b']).flat()];
    expect(readResponse(fields)).toMatchObject({ status: 200, statusText: '', version: '2' });
    expect(readResponse([...fields, 'a', 'b'])).toBeUndefined();
  });
});

describe('a valid extended CONNECT', () => {
  test.each(['http', 'https', 'HTTPS'])('may have the scheme %s', (scheme) => {
    expect(judgeRequest(connect({ ':scheme': scheme }), false).verdict).not.toHaveProperty('status');
  });

  test('is handed over with what it asks for, as an upgrade is', () => {
    const fields = connect({ origin: 'https://example.com', 'sec-websocket-protocol': 'soap, wamp', cookie: 'a=1' });
    const { state, request } = received([...fields, 'cookie', 'b=2']);
    expect(state).toBe(REQUESTED);
    expect(request).toEqual({
      method: 'CONNECT',
      target: '/chat?id=1',
      version: '2',
      rawHeaders: [...fields.slice(10), 'cookie', 'b=2'],
      headers: expect.objectContaining({ cookie: 'a=1; b=2', origin: 'https://example.com' }),
      path: '/chat',
      query: 'id=1',
      host: 'example.com',
      origin: 'https://example.com',
      subprotocols: ['soap', 'wamp'],
    });
    expect(request!.headers).not.toHaveProperty(':path');
  });

  test('needs no Sec-WebSocket-Key, and one that is there means nothing (RFC 8441 §5)', () => {
    expect(received(connect({ 'sec-websocket-key': 'no key' })).state).toBe(REQUESTED);
  });

  test('may name its host in Host, and in both when they agree', () => {
    expect(received(connect({ ':authority': undefined, host: 'a.example:81' })).request!.host).toBe('a.example:81');
    expect(received(connect({ host: 'EXAMPLE.com' })).request!.host).toBe('example.com');
  });

  test('may say te: trailers', () => {
    expect(received(connect({ te: 'trailers' })).state).toBe(REQUESTED);
  });

  test('is answered with 200, the subprotocol and the extensions, in lower case', () => {
    const extension = new FakeExtension({ reply: 'x-fake; level=1' });
    const handshake = received(
      connect({ 'sec-websocket-protocol': 'a, b', 'sec-websocket-extensions': 'x-fake; level=3' }),
      { subprotocols: ['b'], extension, headers: { Server: 's', 'Keep-Alive': '5' } },
    );
    expect(handshake.accept({ headers: [['X-Late', '1']] })).toBe('');
    expect(handshake.fields).toEqual([
      ...[':status', '200', 'sec-websocket-protocol', 'b', 'sec-websocket-extensions', 'x-fake; level=1'],
      ...['server', 's', 'x-late', '1'],
    ]);
    const { subprotocol, extensions, response } = handshake.opening!;
    expect([subprotocol, extensions]).toEqual(['b', 'x-fake; level=1']);
    expect(response).toMatchObject({ status: 200, statusText: '', version: '2', headers: { server: 's' } });
    expect(handshake.state).toBe(DONE);
  });

  test('is held to the same policy: an Origin that may not connect is refused with 403', () => {
    expect(refusalOf(connect({ origin: 'https://evil.example' }))).toBe(403);
    expect(received(connect({ origin: 'https://evil.example' }), { allowedOrigins: '*' }).state).toBe(REQUESTED);
    const allowedOrigins = () => {
      throw new Error('mine');
    };
    expect(received(connect(), { allowedOrigins })).toMatchObject({ refusal: { status: 500 } });
  });

  test('comes once', () => {
    expect(() => received(connect()).receiveFields(connect(), false)).toThrow(InvalidStateError);
  });

  test.each([[['odd']], [[1, 2]], ['no list'], [undefined]])('%j is no list of fields: a TypeError', (fields) => {
    expect(() => new ServerHandshake({}).receiveFields(fields as string[], false)).toThrow(TypeError);
  });
});

describe('a request that is refused', () => {
  test.each<[string, Changes, number]>([
    ['no :method', { ':method': undefined }, 400],
    ['an unknown pseudo-header field', { ':foo': 'x' }, 400],
    ['no :path', { ':path': undefined }, 400],
    ['a :path in absolute-form', { ':path': 'https://example.com/' }, 400],
    ['a :path with a space', { ':path': '/a b' }, 400],
    ['a :path of 8 KiB', { ':path': `/${'a'.repeat(8192)}` }, 414],
    ['no :scheme', { ':scheme': undefined }, 400],
    ['another :scheme', { ':scheme': 'ftp' }, 400],
    ['a :scheme that only ends well', { ':scheme': 'xhttps' }, 400],
    ['a :scheme that only begins well', { ':scheme': 'httpsx' }, 400],
    ['no :authority', { ':authority': undefined }, 400],
    ['an :authority with user info', { ':authority': 'me@example.com' }, 400],
    ['an :authority that Host contradicts', { host: 'other.example' }, 400],
    ['another :protocol', { ':protocol': 'connect-udp' }, 501],
    ['no :protocol, as a proxy is asked', { ':protocol': undefined }, 501],
    [':protocol without CONNECT', { ':method': 'GET' }, 400],
    ['upgrade', { upgrade: 'websocket' }, 400],
    ['connection', { connection: 'upgrade' }, 400],
    ['transfer-encoding', { 'transfer-encoding': 'chunked' }, 400],
    ['te other than trailers', { te: 'gzip' }, 400],
    ['content-length', { 'content-length': '0' }, 400],
    ['a name in capitals', { 'X-Shout': '1' }, 400],
    ['a control character', { 'x-a': 'b\r\nc' }, 400],
    ['a field of 8 KiB', { 'x-a': 'b'.repeat(8192) }, 431],
    ['no version', { 'sec-websocket-version': undefined }, 400],
    ['another version', { 'sec-websocket-version': '8' }, 400],
    ['malformed extensions', { 'sec-websocket-extensions': '=' }, 400],
    ['a subprotocol twice', { 'sec-websocket-protocol': 'a, a' }, 400],
  ])('with %s', (_what, changes, status) => {
    expect(refusalOf(connect(changes))).toBe(status);
  });

  test('with a pseudo-header field twice, or behind another field', () => {
    expect(refusalOf([...connect().slice(0, 2), ...connect()])).toBe(400);
    expect(refusalOf(['x-a', 'b', ...connect()])).toBe(400);
  });

  test('with END_STREAM: there would be nothing to speak over', () => {
    expect(refusalOf(connect(), true)).toBe(400);
  });

  test('with more than 100 fields', () => {
    expect(refusalOf([...connect(), ...Array.from({ length: 100 }, (_, i) => [`x-${i}`, '']).flat()])).toBe(431);
  });

  test('for its version is told the right one, and no 426: HTTP/2 has no Upgrade (RFC 9113 §8.6)', () => {
    const handshake = received(connect({ 'sec-websocket-version': '8' }));
    expect(text(handshake.reject(handshake.refusal!))).toBe('the version of the protocol is 13\n');
    expect(handshake.fields).toEqual([
      ...[':status', '400', 'sec-websocket-version', '13', 'content-type', 'text/plain; charset=utf-8'],
      ...['content-length', '34'],
    ]);
  });

  test('has a response without fields about the connection', () => {
    const handshake = received(connect());
    handshake.reject({ status: 426, headers: { Upgrade: 'websocket', 'X-A': 'b' } });
    expect(handshake.fields).toEqual([':status', '426', 'x-a', 'b', 'content-length', '0']);
    expect(() => handshake.reject({ status: 400 })).toThrow(InvalidStateError);
  });
});

describe('a request that asks for no WebSocket', () => {
  test('is refused with 405, or answered with anything', () => {
    const handshake = received(plain(), {}, true);
    expect(handshake.refusal).toMatchObject({ status: 405, headers: { Allow: 'CONNECT' } });
    expect(handshake.plain).toMatchObject({
      method: 'GET',
      version: '2',
      path: '/chat',
      query: 'id=1',
      host: 'example.com',
    });
    expect(handshake.isWhole).toBe(true);
    expect(text(handshake.reject({ status: 200, body: 'well' }))).toBe('well');
    expect(handshake.fields).toContain('200');
  });

  test('gets no body when it is HEAD', () => {
    const handshake = received(plain({ ':method': 'HEAD' }), {}, true);
    expect(handshake.reject({ status: 200, body: 'well' })).toHaveLength(0);
    expect(handshake.fields).toEqual(expect.arrayContaining(['content-length', '4']));
  });

  test('is refused with 400 when it has a body, and is nobody else’s to answer', () => {
    for (const handshake of [received(plain()), received(plain({ 'content-length': '1' }), {}, true)]) {
      expect(handshake.refusal?.status).toBe(400);
      expect(handshake.plain).toBeUndefined();
      expect(handshake.isWhole).toBe(false);
    }
    expect(received(plain({ 'content-length': '0' }), {}, true).plain).toBeDefined();
  });
});

describe('answerConnect', () => {
  test('accepts what is right', () => {
    const { fields, body, opening, rejection } = answerConnect(connect(), false, {}, { headers: { 'X-A': 'b' } });
    expect(fields).toEqual([':status', '200', 'x-a', 'b']);
    expect(body).toHaveLength(0);
    expect(opening?.request?.path).toBe('/chat');
    expect(rejection).toBeUndefined();
  });

  test('refuses what is not', () => {
    const { fields, body, opening, rejection } = answerConnect(connect({ ':protocol': 'x' }), false);
    expect(fields.slice(0, 2)).toEqual([':status', '501']);
    expect(text(body)).toBe('a CONNECT is for the protocol websocket\n');
    expect(opening).toBeUndefined();
    expect(rejection?.status).toBe(501);
  });
});

describe('a client', () => {
  const random = (nonce: Uint8Array) => void nonce.fill(1);
  const client = (request = {}, extension?: FakeExtension) =>
    new ClientHandshake({ url: 'wss://example.com/chat?id=1', ...request }, random, extension);

  test('asks for the same as over HTTP/1.1, without what HTTP/2 has no use for', () => {
    const handshake = client(
      {
        origin: 'https://a.example',
        subprotocols: ['a', 'b'],
        headers: { 'X-Mine': '1', TE: 'gzip', 'Keep-Alive': '1' },
      },
      new FakeExtension(),
    );
    expect(handshake.useHttp2()).toEqual([
      ...[':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'https', ':path', '/chat?id=1'],
      ...[':authority', 'example.com', 'sec-websocket-version', '13', 'origin', 'https://a.example'],
      ...['sec-websocket-protocol', 'a, b', 'sec-websocket-extensions', 'x-fake; level=3', 'x-mine', '1'],
    ]);
    expect(handshake.request).toMatchObject({
      method: 'CONNECT',
      version: '2',
      target: '/chat?id=1',
      host: 'example.com',
    });
    expect(handshake.request.headers).not.toHaveProperty('upgrade');
    expect(handshake.request.headers).not.toHaveProperty('sec-websocket-key');
  });

  test.each([
    [{ url: 'ws://a/' }, 'http'],
    [{ url: 'wss://a/' }, 'https'],
    [{ host: 'a', path: '/' }, 'http'],
    [{ host: 'a', path: '/', secure: true }, 'https'],
  ])('%j has the scheme %s', (resource, scheme) => {
    expect(new ClientHandshake(resource, random).useHttp2()[5]).toBe(scheme);
  });

  /** A client that was answered with these fields. */
  function answered(
    fields: readonly string[],
    { isEnd = false, ...request }: Record<string, unknown> = {},
  ): ClientHandshake {
    const handshake = client({ subprotocols: ['a'], requireSubprotocol: false, ...request }, new FakeExtension());
    handshake.useHttp2();
    handshake.receiveFields(fields, isEnd as boolean);
    return handshake;
  }

  test.each(['200', '204', '299'])('is open with any 2xx: %s', (status) => {
    const { state, opening } = answered([':status', status, 'sec-websocket-protocol', 'a', 'X', '1'].slice(0, 4));
    expect(state).toBe(DONE);
    expect(opening).toMatchObject({
      subprotocol: 'a',
      extensions: '',
      response: { status: Number(status), version: '2' },
    });
  });

  test.each([
    ['a subprotocol that was not offered', ['sec-websocket-protocol', 'b']],
    ['an extension that was not offered', ['sec-websocket-extensions', 'x-other']],
    [
      'a repeated Sec-WebSocket-Extensions',
      ['sec-websocket-extensions', 'x-fake', 'sec-websocket-extensions', 'x-fake'],
    ],
  ])('is not open with %s', (_what, fields) => {
    expect(answered([':status', '200', ...fields]).error).toBeInstanceOf(HandshakeError);
  });

  test.each<[string, string[]]>([
    ['no :status', ['x', 'y']],
    ['a :status that is none', [':status', '20']],
    ['a :status that is no number', [':status', '2x0']],
    ['a :status below 100', [':status', '099']],
    ['101, which HTTP/2 has not', [':status', '101']],
    ['a pseudo-header field of requests', [':status', '200', ':path', '/']],
    ['transfer-encoding', [':status', '200', 'transfer-encoding', 'chunked']],
    ['a control character', [':status', '200', 'x', 'a\nb']],
    ['too many fields', [':status', '200', ...Array.from({ length: 1001 }, () => ['x', 'y']).flat()]],
  ])('fails with %s', (_what, fields) => {
    const { state, error } = answered(fields);
    expect(state).toBe(FAILED);
    expect(error?.message).toBe('the response is not valid: the fields are malformed');
  });

  test('skips 1xx responses, up to 8 of them', () => {
    const handshake = answered([':status', '103']);
    for (let i = 1; i < 8; i++) handshake.receiveFields([':status', '100'], false);
    expect(handshake.state).toBe(READING);
    const other = answered([':status', '103']);
    for (let i = 0; i < 8; i++) other.receiveFields([':status', '100'], false);
    expect(other.state).toBe(FAILED);
    handshake.receiveFields([':status', '200'], false);
    expect(handshake.state).toBe(DONE);
    handshake.receiveFields([':status', '404'], false);
    expect(handshake.state).toBe(DONE);
  });

  test.each([200, 204, 299])('takes the status %i for a yes', (status) => {
    expect(answered([':status', `${status}`]).state).toBe(DONE);
  });

  test.each([300, 400])('takes the status %i for a no', (status) => {
    expect(answered([':status', `${status}`], { isEnd: true }).state).toBe(FAILED);
  });

  test('tells of a refusal with its body, which DATA brings', () => {
    const handshake = answered([':status', '403', 'x-why', 'me']);
    const body = bytes('go away');
    expect(handshake.receive(body, 0, body.length)).toBe(body.length);
    handshake.receiveFields(['trailer', 'x'], true);
    expect(handshake.state).toBe(READING);
    handshake.receiveEof();
    expect(handshake.error?.message).toBe('the server answered with status 403 instead of 200');
    expect(text(handshake.error!.response!.body)).toBe('go away');
    expect(handshake.error!.response!.headers['x-why']).toBe('me');
  });

  test('tells of a refusal at once when END_STREAM stands on it', () => {
    expect(answered([':status', '503'], { isEnd: true }).error).toMatchObject({
      isTemporary: true,
      response: { status: 503, body: new Uint8Array(0) },
    });
  });

  test('fails when data comes before the response', () => {
    const handshake = client();
    handshake.useHttp2();
    handshake.receive(bytes('HTTP/1.1 101 \r\n\r\n'), 0, 17);
    expect(handshake.error?.message).toBe('the response is not valid: data came before its fields');
  });

  test('follows a redirect with the Host that was chosen, and a request that any version can carry', () => {
    const redirect = [':status', '307', 'location', '/other'];
    const headers = { Host: 'virtual.example', Authorization: 'secret' };
    const { redirect: next } = answered(redirect, { maxRedirects: 1, headers });
    expect(next).toMatchObject({ url: 'wss://example.com/other', redirected: 1 });
    const again = new ClientHandshake(next!, random);
    expect(text(again.output)).toMatch(
      /^GET \/other HTTP\/1\.1\r\nHost: virtual\.example\r\n[^]*Authorization: secret/,
    );
    expect(again.useHttp2().slice(6, 10)).toEqual([':path', '/other', ':authority', 'virtual.example']);
  });
});
