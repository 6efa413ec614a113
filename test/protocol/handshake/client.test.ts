import { describe, expect, test } from 'vitest';
import { HandshakeError } from '../../../protocol/errors.ts';
import { ClientHandshake } from '../../../protocol/handshake/client.ts';
import type { ClientRequest } from '../../../protocol/handshake/client.ts';
import { ServerHandshake } from '../../../protocol/handshake/server.ts';
import { DONE, FAILED, READING } from '../../../protocol/handshake/state.ts';
import { ACCEPT, bytes, cuts, FakeExtension, KEY, parseResponse, response, text } from './support.ts';
import type { Fields } from './support.ts';

/** Fills in the nonce of RFC 6455 §1.3. */
function random(nonce: Uint8Array): void {
  nonce.set(bytes('the sample nonce'));
}

type Extras = Partial<ClientRequest> & { extension?: FakeExtension };

function connect({ extension, ...extras }: Extras = {}): ClientHandshake {
  return new ClientHandshake({ url: 'ws://example.com/chat', ...extras }, random, extension);
}

function received(wire: string, extras?: Extras): ClientHandshake {
  const handshake = connect(extras);
  handshake.receive(bytes(wire), 0, wire.length);
  return handshake;
}

describe('the request', () => {
  test('is that of RFC 6455 §4.1', () => {
    const handshake = connect();
    expect(text(handshake.output)).toBe(
      `GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    expect(handshake.state).toBe(READING);
    expect(handshake.request).toMatchObject({ method: 'GET', target: '/chat', host: 'example.com', path: '/chat' });
  });

  test('offers subprotocols and the extension', () => {
    const output = text(connect({ subprotocols: ['a', 'b'], extension: new FakeExtension() }).output);
    expect(output).toContain('\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: x-fake; level=3\r\n');
  });

  test('is valid to a server', () => {
    const handshake = connect({
      url: 'wss://user:pass@example.com:8443/a?b',
      subprotocols: ['a'],
      origin: 'https://example.com:8443',
      headers: { Cookie: 'c=d' },
      extension: new FakeExtension(),
    } as Extras);
    const server = new ServerHandshake({ secure: true, subprotocols: ['a'] });
    expect(server.receive(handshake.output, 0, handshake.output.length)).toBe(handshake.output.length);
    expect(server.request).toEqual(handshake.request);
    const answer = bytes(server.accept());
    expect(handshake.receive(answer, 0, answer.length)).toBe(answer.length);
    const { subprotocol, extensions, response } = server.opening!;
    expect(handshake.opening).toEqual({ subprotocol, extensions, response, request: handshake.request });
  });

  test('throws before anything else for what can not be sent', () => {
    expect(() => connect({ url: 'http://example.com' })).toThrow(SyntaxError);
    expect(() => connect({ headers: { Upgrade: 'h2c' } })).toThrow(TypeError);
  });
});

describe('a 101', () => {
  test('opens the connection', () => {
    const handshake = received(response({ Server: 'x' }));
    expect(handshake.state).toBe(DONE);
    expect(handshake.error).toBeUndefined();
    expect(handshake.opening).toEqual({
      subprotocol: '',
      extensions: '',
      request: handshake.request,
      response: {
        status: 101,
        statusText: 'Switching Protocols',
        version: '1.1',
        headers: expect.anything(),
        rawHeaders: ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Accept', ACCEPT, 'Server', 'x'],
      },
    });
    expect(Object.getPrototypeOf(handshake.opening!.response!.headers)).toBeNull();
  });

  test('is the same however it is cut, and the frames after it are left', () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
    const head = interim + response();
    for (const chunks of cuts(bytes(`${head}\x81\x02hi`))) {
      const handshake = connect();
      let consumed = 0;
      for (const chunk of chunks) {
        const padded = Uint8Array.of(0x47, ...chunk, 0x47);
        consumed += handshake.receive(padded, 1, padded.length - 1) - 1;
        padded.fill(0x20);
        if (handshake.state !== READING) break;
      }
      expect(consumed).toBe(head.length);
      expect(handshake.opening).toEqual(received(response()).opening);
    }
  });

  test('is followed by nothing more', () => {
    const handshake = received(response());
    expect(handshake.receive(bytes('x'), 0, 1)).toBe(0);
    handshake.receiveEof();
    expect(handshake.state).toBe(DONE);
  });

  test.each<[string, Fields, Extras?]>([
    ['Upgrade in any case', { Upgrade: 'WebSocket' }],
    ['a list in Connection', { Connection: 'keep-alive, Upgrade' }],
    ['a repeated Connection', { Connection: ['keep-alive', 'upgrade'] }],
    ['white space around the Accept', { 'Sec-WebSocket-Accept': `\t ${ACCEPT} \t` }],
    [
      'no subprotocol though some were offered, where that is let pass',
      {},
      { subprotocols: ['a'], requireSubprotocol: false },
    ],
    ['no extension though one was offered', {}, { extension: new FakeExtension() }],
  ])('may have %s', (_, fields, extras) => {
    expect(received(response(fields), extras).opening).toMatchObject({ subprotocol: '', extensions: '' });
  });

  test('tells the selected subprotocol and extension', () => {
    const extension = new FakeExtension();
    const fields = { 'Sec-WebSocket-Protocol': 'b', 'Sec-WebSocket-Extensions': 'x-fake; level="2"' };
    const request = { subprotocols: ['a', 'b'], requireSubprotocol: false, extension };
    const { opening } = received(response(fields), request);
    expect(opening).toMatchObject({ subprotocol: 'b', extensions: 'x-fake; level="2"' });
    expect(extension.answers).toEqual([{ name: 'x-fake', params: [['level', '2']] }]);
  });

  test.each<[string, string, Extras?]>([
    ['with HTTP/1.0', response({}, 'HTTP/1.0 101 Switching Protocols')],
    ['without Upgrade', response({ Upgrade: undefined })],
    ['with another Upgrade', response({ Upgrade: 'h2c' })],
    ['with a list in Upgrade', response({ Upgrade: 'websocket, h2c' })],
    ['without Connection', response({ Connection: undefined })],
    ['with another Connection', response({ Connection: 'keep-alive' })],
    ['without Accept', response({ 'Sec-WebSocket-Accept': undefined })],
    ['with a wrong Accept', response({ 'Sec-WebSocket-Accept': ACCEPT.toLowerCase() })],
    ['with a repeated Accept', response({ 'Sec-WebSocket-Accept': [ACCEPT, ACCEPT] })],
    ['with a subprotocol when none was offered', response({ 'Sec-WebSocket-Protocol': 'a' })],
    ['with no subprotocol though some were offered', response({}), { subprotocols: ['a'] }],
    ['with another subprotocol', response({ 'Sec-WebSocket-Protocol': 'A' }), { subprotocols: ['a'] }],
    ['with two subprotocols', response({ 'Sec-WebSocket-Protocol': 'a, b' }), { subprotocols: ['a', 'b'] }],
    ['with a repeated subprotocol', response({ 'Sec-WebSocket-Protocol': ['a', 'a'] }), { subprotocols: ['a'] }],
    ['with an extension when none was offered', response({ 'Sec-WebSocket-Extensions': 'x-fake' })],
    [
      'with an extension of which nothing was offered',
      response({ 'Sec-WebSocket-Extensions': 'x-fake' }),
      { extension: new FakeExtension({ offered: '' }) },
    ],
    [
      'with another extension',
      response({ 'Sec-WebSocket-Extensions': 'x-fake, other' }),
      { extension: new FakeExtension() },
    ],
    [
      'with the same extension twice',
      response({ 'Sec-WebSocket-Extensions': 'x-fake, x-fake' }),
      { extension: new FakeExtension() },
    ],
    [
      'with a repeated field of extensions',
      response({ 'Sec-WebSocket-Extensions': ['x-fake', ''] }),
      { extension: new FakeExtension() },
    ],
    [
      'with malformed extensions',
      response({ 'Sec-WebSocket-Extensions': 'x-fake;' }),
      { extension: new FakeExtension() },
    ],
    [
      'with an extension parameter that is wrong',
      response({ 'Sec-WebSocket-Extensions': 'x-fake; level=9' }),
      { extension: new FakeExtension({ problem: 'level is out of range' }) },
    ],
  ])('%s fails the handshake', (_, wire, extras) => {
    const handshake = received(wire, extras);
    expect(handshake).toMatchObject({ state: FAILED, opening: undefined });
    expect(handshake.error).toBeInstanceOf(HandshakeError);
    expect(handshake.error!.response).toMatchObject({
      status: 101,
      statusText: 'Switching Protocols',
      body: new Uint8Array(0),
    });
    expect(handshake.error!.response!.headers).toEqual(parseResponse(wire).headers);
  });

  test('is told in the error over HTTP/2 too, where it is a 200', () => {
    const handshake = connect();
    handshake.useHttp2();
    handshake.receiveFields([':status', '200', 'sec-websocket-protocol', 'a', 'x-served-by', 'b'], false);
    expect(handshake.state).toBe(FAILED);
    const { status, headers } = handshake.error!.response!;
    expect({ status, ...headers }).toEqual({ status: 200, 'sec-websocket-protocol': 'a', 'x-served-by': 'b' });
  });

  test('is none in the error when its head is malformed: nothing in it can be told from anything else', () => {
    expect(received('HTTP/1.1 101 Switching Protocols\r\nUpgrade : websocket\r\n\r\n').error!.response).toBeUndefined();
  });

  test.each(['Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions'])('with an empty %s selects none', (name) => {
    const { opening } = received(response({ [name]: '' }), {
      subprotocols: ['a'],
      requireSubprotocol: false,
      extension: new FakeExtension(),
    });
    expect(opening).toMatchObject({ subprotocol: '', extensions: '' });
  });
});

describe('1xx before the 101', () => {
  const interim = 'HTTP/1.1 100 Continue\r\n\r\n';

  test('are skipped, eight of them', () => {
    expect(received(interim.repeat(8) + response()).state).toBe(DONE);
  });

  test('are too many when they are nine', () => {
    expect(received(interim.repeat(9) + response()).error).toBeInstanceOf(HandshakeError);
  });
});

describe('a response that is not a 101', () => {
  const refusal = 'HTTP/1.1 403 No Way\r\nX-Why: because\r\nX-Why: so\r\nContent-Length: 4\r\n\r\nbody and more';

  test('is told in the error, with its body', () => {
    const { state, error } = received(refusal);
    expect(state).toBe(FAILED);
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error!.message).toBe('the server answered with status 403 instead of 101');
    expect(error!.code).toBe(1006);
    expect(error!.response).toMatchObject({ status: 403, statusText: 'No Way', body: bytes('body') });
    expect({ ...error!.response!.headers }).toEqual({ 'x-why': 'because, so', 'content-length': '4' });
    expect(Object.getPrototypeOf(error!.response!.headers)).toBeNull();
  });

  test('is the same however it is cut', () => {
    for (const chunks of cuts(bytes(refusal))) {
      const handshake = connect();
      for (const chunk of chunks) {
        expect(handshake.receive(chunk, 0, chunk.length)).toBe(chunk.length);
        chunk.fill(0);
      }
      expect(handshake.error).toEqual(received(refusal).error);
      expect(handshake.error!.response).toEqual(received(refusal).error!.response);
    }
  });

  test('fails at once when it has no body', () => {
    expect(received('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n').error!.response!.status).toBe(401);
  });

  test('may be HTTP/1.0, and may end with the connection', () => {
    const handshake = received('HTTP/1.0 502 Bad Gateway\r\n\r\nwho');
    expect(handshake.state).toBe(READING);
    handshake.receive(bytes(' knows'), 0, 6);
    handshake.receiveEof();
    expect(handshake.error!.response).toMatchObject({ status: 502, body: bytes('who knows') });
    handshake.receiveEof();
    expect(handshake.state).toBe(FAILED);
  });

  test('is told as far as it came when the connection ends early', () => {
    const handshake = received('HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nbo');
    handshake.receiveEof();
    expect(handshake.error!.response!.body).toEqual(bytes('bo'));
  });

  test('has at most 64 KiB of its body kept', () => {
    const handshake = received(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100_000)}`);
    expect(handshake.error!.response!.body.length).toBe(65_536);
  });
});

describe('anything else', () => {
  test('that is no HTTP fails with its first line', () => {
    expect(received('220 mail.example ESMTP\r\n').error).toBeInstanceOf(HandshakeError);
    expect(received('SSH-2.0-OpenSSH_9.2\r\n').error).toBeInstanceOf(HandshakeError);
  });

  test('such as the end of the connection fails', () => {
    const handshake = received('HTTP/1.1 101');
    handshake.receiveEof();
    expect(handshake.error).toBeInstanceOf(HandshakeError);
    const silent = connect();
    silent.receiveEof();
    expect(silent.error).toBeInstanceOf(HandshakeError);
  });

  test('such as a head over 64 KiB fails, without waiting for its end', () => {
    const handshake = connect();
    const endless = bytes(response().slice(0, -2) + `X-Field: ${'x'.repeat(1000)}\r\n`.repeat(70));
    for (let at = 0; at < endless.length && handshake.state === READING; at += 1000) {
      handshake.receive(endless, at, Math.min(at + 1000, endless.length));
    }
    expect(handshake.error).toBeInstanceOf(HandshakeError);
  });

  test('is never repeated in the text of the error', () => {
    const marked = [
      'MARK/1.1 101 x\r\n',
      'HTTP/1.1 101 MARK\nx',
      'HTTP/1.1 403 MARK\r\nContent-Length: 0\r\n\r\n',
      'HTTP/1.1 101 x\r\nMARK MARK: x\r\n',
      response({ Upgrade: 'MARK' }),
      response({ Connection: 'MARK' }),
      response({ 'Sec-WebSocket-Accept': 'MARK' }),
      response({ 'Sec-WebSocket-Protocol': 'MARK' }),
      response({ 'Sec-WebSocket-Extensions': 'MARK' }),
      response({ 'Sec-WebSocket-Extensions': 'MARK MARK' }),
    ];
    for (const wire of marked) {
      const { error } = received(wire);
      expect(error).toBeInstanceOf(HandshakeError);
      expect(`${error!.message} ${error!.reason}`).not.toContain('MARK');
    }
  });
});
