import { describe, expect, test } from 'vitest';
import { InvalidStateError } from '../../../protocol/errors.ts';
import { ServerHandshake } from '../../../protocol/handshake/server.ts';
import { ServerPolicy } from '../../../protocol/handshake/server-policy.ts';
import type { ServerHandshakeOptions } from '../../../protocol/handshake/server-policy.ts';
import { DONE, READING, REFUSED, REQUESTED } from '../../../protocol/handshake/state.ts';
import { ACCEPT, bytes, cuts, FakeExtension, KEY, parseResponse, rawHeaders, request, text } from './support.ts';
import type { Fields } from './support.ts';

/** A handshake that has received this head, whole. */
function received(head: string, options: ServerHandshakeOptions = {}): ServerHandshake {
  const handshake = new ServerHandshake(options);
  const wire = bytes(head);
  handshake.receive(wire, 0, wire.length);
  return handshake;
}

function statusOf(head: string, options: ServerHandshakeOptions = {}): number | undefined {
  return received(head, options).refusal?.status;
}

describe('a valid request', () => {
  test('is handed over with what it asks for', () => {
    const fields = {
      Origin: 'http://example.com',
      'Sec-WebSocket-Protocol': 'soap, wamp',
      Cookie: ['a=1', 'b=2'],
      'X-Many': ['1', '2'],
    };
    const handshake = received(request(fields, 'GET /chat/room?id=1&id=2 HTTP/1.1'));
    expect(handshake.state).toBe(REQUESTED);
    expect(handshake.refusal).toBeUndefined();
    expect(handshake.request).toEqual({
      method: 'GET',
      target: '/chat/room?id=1&id=2',
      version: '1.1',
      rawHeaders: rawHeaders(fields),
      headers: expect.anything(),
      path: '/chat/room',
      query: 'id=1&id=2',
      host: 'example.com',
      origin: 'http://example.com',
      subprotocols: ['soap', 'wamp'],
    });
    expect({ ...handshake.request!.headers }).toEqual({
      host: 'example.com',
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-key': KEY,
      'sec-websocket-version': '13',
      origin: 'http://example.com',
      'sec-websocket-protocol': 'soap, wamp',
      cookie: 'a=1; b=2',
      'x-many': '1, 2',
    });
  });

  test('is the same however it is cut, and what follows it is left', () => {
    const head = request({ 'Sec-WebSocket-Extensions': 'x-fake' });
    const whole = received(head);
    for (const chunks of cuts(bytes(`${head}\x81\x85frames`))) {
      const handshake = new ServerHandshake({});
      let consumed = 0;
      for (const chunk of chunks) {
        // The chunk lies somewhere in a larger one.
        const padded = Uint8Array.of(0x47, ...chunk, 0x47);
        const next = handshake.receive(padded, 1, padded.length - 1);
        consumed += next - 1;
        if (handshake.state !== READING) break;
        expect(next).toBe(padded.length - 1);
        padded.fill(0x20);
      }
      expect(consumed).toBe(head.length);
      expect(handshake.request).toEqual(whole.request);
    }
  });

  test.each<[string, Fields, string?]>([
    ['the token websocket in any case', { Upgrade: 'WebSocket' }],
    ['the token websocket in a list', { Upgrade: 'h2c, websocket' }],
    ['the token upgrade in a list, in any case', { Connection: 'keep-alive, UPGRADE' }],
    ['the token upgrade in a repeated field', { Connection: ['keep-alive', 'upgrade'] }],
    ['Content-Length: 0', { 'Content-Length': '0' }],
    ['a Host with a port', { Host: 'example.com:8080' }],
    ['an IPv6 Host', { Host: '[2001:db8::1]:8080' }],
    ['bytes above 0x7F in a value, as latin1', { 'X-Name': 'caf\xe9 \x80\xff' }],
    ['a query alone in an absolute-form target', {}, 'GET http://example.com?x HTTP/1.1'],
    ['an absolute-form target with ws', {}, 'GET ws://example.com/ HTTP/1.1'],
    ['an absolute-form target with wss', {}, 'GET wss://example.com/ HTTP/1.1'],
    ['a key with stray padding bits', { 'Sec-WebSocket-Key': 'AQIDBAUGBwgJCgsMDQ4PEC==' }],
    ['empty elements in a list of subprotocols', { 'Sec-WebSocket-Protocol': 'chat, ' }],
    ['empty elements between fields of subprotocols', { 'Sec-WebSocket-Protocol': ['', 'chat', ''] }],
    ['an empty element in a list of extensions', { 'Sec-WebSocket-Extensions': ['', 'x-fake, , y'] }],
  ])('may have %s', (_, fields, line) => {
    expect(received(request(fields, line)).state).toBe(REQUESTED);
  });

  test('keeps bytes above 0x7F as latin1', () => {
    const { headers } = received(request({ 'X-Name': 'caf\xe9 \x80\xff' })).request!;
    expect(headers['x-name']).toBe('caf\xe9 \x80\xff');
  });

  test.each(['http', 'https', 'ws', 'wss'])(
    'in absolute-form with %s has the host of its target, and the resource as its target (RFC 9112 §3.2.2)',
    (scheme) => {
      const handshake = received(request({ Host: 'proxy.example' }, `GET ${scheme}://example.com:81/a?b HTTP/1.1`));
      const expected = { host: 'example.com:81', target: '/a?b', path: '/a', query: 'b' };
      expect(handshake.request).toMatchObject(expected);
      handshake.accept();
      expect(handshake.opening!.request).toMatchObject(expected);
    },
  );

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is an ordinary name', (name) => {
    const fields = Object.fromEntries([[name, 'value']]) as Fields;
    const handshake = received(
      request({ 'Sec-WebSocket-Protocol': name, 'Sec-WebSocket-Extensions': `${name}; ${name}=${name}` }).replace(
        'Host',
        `${Object.keys(fields)[0]}: value\r\nHost`,
      ),
      { extension: new FakeExtension({ reply: 'x-fake' }), subprotocols: [name] },
    );
    expect(Object.getPrototypeOf(handshake.request!.headers)).toBeNull();
    expect(handshake.request!.headers[name.toLowerCase()]).toBe('value');
    expect(Object.hasOwn(handshake.request!.headers, 'valueOf')).toBe(false);
    expect(parseResponse(handshake.accept()).headers['sec-websocket-protocol']).toBe(name);
  });
});

describe('accept', () => {
  test('answers with the 101 of RFC 6455 §4.2.2', () => {
    const handshake = received(request());
    expect(handshake.accept()).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
    );
    expect(handshake.state).toBe(DONE);
    const { subprotocol, extensions, request: kept, response } = handshake.opening!;
    expect({ subprotocol, extensions, request: kept, response }).toEqual({
      subprotocol: '',
      extensions: '',
      request: handshake.request,
      response: {
        status: 101,
        statusText: 'Switching Protocols',
        version: '1.1',
        headers: expect.anything(),
        rawHeaders: ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Accept', ACCEPT],
      },
    });
    expect({ ...handshake.opening!.response!.headers }).toEqual({
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-accept': ACCEPT,
    });
  });

  test('keeps the head as it came, and takes it apart again once, for whoever asks', () => {
    const handshake = received(request());
    const seen = handshake.request;
    handshake.accept();
    const { opening } = handshake;
    expect(opening!.request).toEqual(seen);
    expect(opening!.request).toBe(opening!.request);
    expect(opening!.response).toBe(opening!.response);
  });

  test.each([
    ['in origin-form', '/', []],
    ['in absolute-form, whose authority is the host', 'ws://other.test:81/a?b', []],
    [
      'with fields that repeat, are empty, or have bytes above ASCII',
      '/a?',
      ['X', '', 'X', ' s\xe9 ', 'x-Y', 'a:b, c'],
    ],
  ])('keeps a head that something else has read likewise: %s', (_what, target, more) => {
    const handshake = new ServerHandshake({});
    const rawHeaders = [...received(request()).request!.rawHeaders, ...more];
    handshake.receiveHead({ method: 'GET', target, version: '1.1', rawHeaders });
    const { request: seen } = handshake;
    handshake.accept();
    const { opening } = handshake;
    expect(opening!.request).toEqual(seen);
    expect(opening!.request).toBe(opening!.request);
    expect(opening!.response!.status).toBe(101);
  });

  test("adds the options' headers and then its own", () => {
    const handshake = received(request(), { headers: { Server: 's\xe9', 'Set-Cookie': ['a=1', 'b=2'] } });
    const answer = handshake.accept({ headers: [['X-Late', '1']] });
    expect(answer).toContain('\r\nServer: s\xe9\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Late: 1\r\n\r\n');
    expect(handshake.opening!.response!.headers['x-late']).toBe('1');
  });

  test.each([
    ['CR', { a: 'b\rc' }],
    ['LF', { a: 'b\nc' }],
    ['NUL', { a: 'b\0c' }],
    ['a character above U+00FF', { a: '\u0100' }],
    ['a name that is not a token', { 'a b': 'c' }],
    ['an empty name', { '': 'c' }],
    ['Upgrade', { upgrade: 'h2c' }],
    ['Connection', { Connection: 'close' }],
    ['Content-Length', { 'content-length': '0' }],
    ['Transfer-Encoding', { 'Transfer-Encoding': 'chunked' }],
    ['Sec-WebSocket-Accept', { 'SEC-WEBSOCKET-ACCEPT': 'x' }],
    ['Sec-WebSocket-Protocol', { 'Sec-WebSocket-Protocol': 'x' }],
    ['Sec-WebSocket-Extensions', { 'Sec-WebSocket-Extensions': 'x' }],
  ])('throws for a header with %s before anything changes', (_, headers) => {
    const handshake = received(request());
    expect(() => handshake.accept({ headers })).toThrow(TypeError);
    expect(handshake).toMatchObject({ state: REQUESTED, opening: undefined });
    expect(() => new ServerHandshake({ headers })).toThrow(TypeError);
    expect(parseResponse(handshake.accept()).status).toBe(101);
  });

  test('is only for a request that waits', () => {
    expect(() => new ServerHandshake({}).accept()).toThrow(InvalidStateError);
    expect(() => received(request({ Host: undefined })).accept()).toThrow(InvalidStateError);
    const handshake = received(request());
    handshake.accept();
    expect(() => handshake.accept()).toThrow(InvalidStateError);
    expect(() => handshake.reject({ status: 403 })).toThrow(InvalidStateError);
  });
});

describe('the subprotocol', () => {
  const offer = { 'Sec-WebSocket-Protocol': 'a, b, c' };
  const select = (options: ServerHandshakeOptions, fields: Fields = offer, subprotocol?: string) => {
    const handshake = received(request(fields), options);
    const { headers } = parseResponse(handshake.accept({ subprotocol }));
    expect(handshake.opening!.subprotocol).toBe(headers['sec-websocket-protocol'] ?? '');
    return handshake.opening!.subprotocol;
  };

  test("is the first of the server's that was offered", () => {
    expect(select({ subprotocols: ['x', 'c', 'a'] })).toBe('c');
  });

  test('is none when none of them was offered, or none is known', () => {
    expect(select({ subprotocols: ['x'] })).toBe('');
    expect(select({})).toBe('');
  });

  test('is what selectSubprotocol says, from what was offered', () => {
    const seen: unknown[] = [];
    const options: ServerHandshakeOptions = {
      subprotocols: ['a'],
      selectSubprotocol: (offered, { path }) => {
        seen.push(offered, path);
        return 'b';
      },
    };
    expect(select(options)).toBe('b');
    expect(seen).toEqual([['a', 'b', 'c'], '/chat']);
  });

  test('is none when selectSubprotocol says undefined or null', () => {
    expect(select({ subprotocols: ['a'], selectSubprotocol: () => undefined })).toBe('');
    expect(select({ selectSubprotocol: () => null as unknown as undefined })).toBe('');
  });

  test('is not asked for when none was offered', () => {
    const selectSubprotocol = () => {
      throw new Error('asked');
    };
    expect(select({ selectSubprotocol }, {})).toBe('');
  });

  test('may be given with accept', () => {
    expect(select({ subprotocols: ['a'], selectSubprotocol: () => 'b' }, offer, 'c')).toBe('c');
  });

  test('is always one that was offered', () => {
    const handshake = received(request(offer), { selectSubprotocol: () => 'x' });
    expect(() => handshake.accept()).toThrow(TypeError);
    expect(() => handshake.accept({ subprotocol: '' })).toThrow(TypeError);
    expect(handshake.state).toBe(REQUESTED);
    expect(() => received(request()).accept({ subprotocol: 'a' })).toThrow(TypeError);
  });

  test('is said at once: a promise of one is told so, and ends nothing when it rejects', () => {
    const selectSubprotocol = (async () => Promise.reject(new Error('unheard'))) as never;
    const handshake = received(request(offer), { selectSubprotocol });
    const error = new TypeError('selectSubprotocol must return a subprotocol, not a promise of one');
    expect(() => handshake.accept()).toThrow(error);
    expect(handshake.state).toBe(REQUESTED);
  });
});

describe('the extension', () => {
  const accept = (field: string | string[] | undefined, extension?: FakeExtension) => {
    const handshake = received(request({ 'Sec-WebSocket-Extensions': field }), { extension });
    const { headers } = parseResponse(handshake.accept());
    expect(handshake.opening!.extensions).toBe(headers['sec-websocket-extensions'] ?? '');
    return handshake.opening!.extensions;
  };

  test('is asked with the offers of its name, in order', () => {
    const extension = new FakeExtension({ reply: 'x-fake; level=1' });
    expect(accept('x-fake; level=1, other; a, x-fake; b="c"', extension)).toBe('x-fake; level=1');
    expect(extension.offers).toEqual([
      { name: 'x-fake', params: [['level', '1']] },
      { name: 'x-fake', params: [['b', 'c']] },
    ]);
  });

  test('may be offered in one field or in several (RFC 6455 §9.1)', () => {
    const offers = [['x-fake; a=1, x-fake; b'], ['x-fake; a=1', 'x-fake; b'], ['other', 'x-fake; a=1, x-fake; b']];
    for (const fields of offers) {
      const extension = new FakeExtension({ reply: 'x-fake' });
      expect(accept(fields, extension)).toBe('x-fake');
      expect(extension.offers).toEqual([
        { name: 'x-fake', params: [['a', '1']] },
        { name: 'x-fake', params: [['b', undefined]] },
      ]);
    }
  });

  test('may decline, and is not asked without an offer', () => {
    expect(accept('x-fake', new FakeExtension())).toBe('');
    expect(accept('other', new FakeExtension({ reply: 'x-fake' }))).toBe('');
    expect(accept(undefined, new FakeExtension({ reply: 'x-fake' }))).toBe('');
    expect(accept('x-fake')).toBe('');
  });
});

describe('refusals', () => {
  test('say what is wrong in a well-formed response, and consume nothing more', () => {
    const handshake = received(request({ 'Sec-WebSocket-Version': '8' }));
    expect(handshake.state).toBe(REFUSED);
    expect(handshake.receive(bytes('more'), 0, 4)).toBe(0);
    const { status, headers, body } = parseResponse(handshake.reject(handshake.refusal!));
    expect(status).toBe(426);
    expect(headers).toEqual({
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(body.length),
      connection: 'Upgrade, close',
    });
    expect(handshake.state).toBe(DONE);
  });

  test('of a method other than GET name the one that is allowed', () => {
    const handshake = received(request({}, 'POST / HTTP/1.1'));
    expect(parseResponse(handshake.reject(handshake.refusal!))).toMatchObject({
      status: 405,
      headers: { allow: 'GET', connection: 'close' },
    });
  });

  test('of a HEAD request have no body', () => {
    const handshake = received(request({}, 'HEAD / HTTP/1.1'));
    const { body, headers } = parseResponse(handshake.reject(handshake.refusal!));
    expect(body).toBe('');
    expect(Number(headers['content-length'])).toBeGreaterThan(0);
  });

  test('may come before the request', () => {
    const handshake = new ServerHandshake({});
    expect(parseResponse(handshake.reject({ status: 503, headers: { 'Retry-After': '1' } }))).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', 'content-length': '0', connection: 'close' },
    });
    expect(handshake.receive(bytes('GET'), 0, 3)).toBe(0);
    expect(handshake.state).toBe(DONE);
  });

  test('that can not be sent throw before anything changes', () => {
    const handshake = received(request());
    expect(() => handshake.reject({ status: 101 })).toThrow(RangeError);
    expect(handshake.state).toBe(REQUESTED);
  });

  test('have their own order: what HTTP says, then what WebSocket says, then the Origin', () => {
    const wrong: Fields = {
      Host: undefined,
      'Content-Length': '1',
      Upgrade: undefined,
      Connection: undefined,
      'Sec-WebSocket-Key': undefined,
      'Sec-WebSocket-Version': '8',
      'Sec-WebSocket-Extensions': ';',
      'Sec-WebSocket-Protocol': ',',
      Origin: 'http://evil.example',
    };
    const statuses = [statusOf(request(wrong, 'POST / HTTP/1.0')), statusOf(request(wrong, 'GET / HTTP/1.0'))];
    for (const [name, right] of Object.entries({ Host: 'a', 'Content-Length': '0', Upgrade: 'websocket' })) {
      statuses.push(statusOf(request(wrong)));
      wrong[name] = right;
    }
    for (const name of ['Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Sec-WebSocket-Extensions']) {
      statuses.push(statusOf(request(wrong)));
      if (name === 'Connection') wrong[name] = 'upgrade';
      else if (name.endsWith('Key')) wrong[name] = KEY;
      else wrong[name] = name.endsWith('Version') ? '13' : undefined;
    }
    statuses.push(statusOf(request(wrong)));
    wrong['Sec-WebSocket-Protocol'] = undefined;
    statuses.push(statusOf(request(wrong)));
    expect(statuses).toEqual([405, 505, 400, 400, 426, 400, 400, 426, 400, 400, 403]);
  });
});

describe('the Origin', () => {
  test('that the options do not allow is refused', () => {
    expect(statusOf(request({ Origin: 'http://evil.example' }))).toBe(403);
    expect(statusOf(request({ Origin: 'http://example.com' }))).toBeUndefined();
    expect(statusOf(request({ Origin: 'https://example.com' }))).toBeUndefined();
    expect(statusOf(request({ Origin: 'http://example.com' }), { secure: true })).toBe(403);
  });

  test('is judged by a function with the request', () => {
    const allowedOrigins = (origin: string | undefined, { path }: { path: string }) =>
      origin === undefined && path === '/chat';
    expect(statusOf(request(), { allowedOrigins })).toBeUndefined();
    expect(statusOf(request({ Origin: 'http://example.com' }), { allowedOrigins })).toBe(403);
  });

  test('is refused with 500 when the function throws, and the error is kept', () => {
    const error = new Error('secret');
    const handshake = received(request(), {
      allowedOrigins: () => {
        throw error;
      },
    });
    expect(handshake.refusal!.status).toBe(500);
    expect(handshake.callbackError).toBe(error);
    expect(text(handshake.reject(handshake.refusal!))).not.toContain('secret');
  });
});

describe('a head that something else has parsed', () => {
  const receiveHead = (rawHeaders: string[], line: Partial<Record<'method' | 'target' | 'version', string>> = {}) => {
    const handshake = new ServerHandshake({});
    handshake.receiveHead({ method: 'GET', target: '/chat', version: '1.1', ...line, rawHeaders });
    return handshake;
  };

  test('is judged as if it had come in bytes', () => {
    const fields = { Origin: 'http://example.com', 'Sec-WebSocket-Protocol': 'a' };
    const handshake = receiveHead(rawHeaders(fields));
    expect(handshake.request).toEqual(received(request(fields)).request);
    expect(parseResponse(handshake.accept()).status).toBe(101);
    expect(receiveHead(rawHeaders({ 'Sec-WebSocket-Key': 'x' })).refusal!.status).toBe(400);
    expect(receiveHead(rawHeaders(), { method: 'HEAD' }).refusal!.status).toBe(405);
  });

  test('takes the place of bytes', () => {
    const handshake = receiveHead(rawHeaders());
    const again = { method: 'GET', target: '/', version: '1.1', rawHeaders: rawHeaders() };
    expect(() => handshake.receiveHead(again)).toThrow(InvalidStateError);
    expect(handshake.receive(bytes('GET'), 0, 3)).toBe(0);
  });

  test('is not trusted: what our own parser refuses is refused', () => {
    expect(receiveHead(['a b', 'c', ...rawHeaders()]).refusal!.status).toBe(400);
  });
});

test('a policy is made once for many connections', () => {
  const options = { subprotocols: ['a'], headers: { Server: 's' } };
  const policy = new ServerPolicy(options);
  for (let i = 0; i < 2; i++) {
    const handshake = new ServerHandshake(options, policy);
    const wire = bytes(request({ 'Sec-WebSocket-Protocol': 'a' }));
    handshake.receive(wire, 0, wire.length);
    expect(parseResponse(handshake.accept()).headers).toMatchObject({ server: 's', 'sec-websocket-protocol': 'a' });
  }
});

test.each([
  ['subprotocols', { subprotocols: ['a', 'a'] }],
  ['selectSubprotocol', { selectSubprotocol: 'a' }],
  ['allowedOrigins', { allowedOrigins: ['example.com'] }],
])('%s that can not be right are a TypeError', (_, options) => {
  expect(() => new ServerHandshake(options as unknown as ServerHandshakeOptions)).toThrow(TypeError);
});
