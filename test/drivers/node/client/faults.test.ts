/** faults.md §2: what a server may do to a client's opening handshake, over real sockets. */
import { describe, expect, test } from 'vitest';
import { HandshakeError, open, TimeoutError, type WebSocketError } from '../../../../drivers/index.ts';
import type { NodeClientOptions } from '../../../../drivers/index.ts';
import { fieldOf, fullPort, keepWitness, rawServer, silentServer, switching, type Script } from './support.ts';

keepWitness();

/** Opens, expects failure, and returns the error. */
async function failure(url: string, options: NodeClientOptions = {}): Promise<WebSocketError> {
  const error: unknown = await open(url, options).then(
    () => {
      throw new Error('it opened');
    },
    (error: unknown) => error,
  );
  return error as WebSocketError;
}

async function answeredBy(script: Script, options?: NodeClientOptions): Promise<WebSocketError> {
  const server = await rawServer(script);
  const error = await failure(`ws://127.0.0.1:${server.port}/`, options);
  await expect.poll(() => server.sockets.size).toBe(0);
  return error;
}

describe('slow', () => {
  test('a server that never answers: TimeoutError, and the socket is gone', async () => {
    const server = await silentServer();
    const error = await failure(`ws://127.0.0.1:${server.port}/`, { handshakeTimeout: 50 });
    expect(error).toBeInstanceOf(TimeoutError);
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('a server that dribbles its head: no byte re-arms the deadline', async () => {
    const error = await answeredBy(
      (socket, head) => {
        const wire = switching(head);
        let at = 0;
        const timer = setInterval(() => socket.write(wire[at++ % wire.length]), 5);
        socket.on('close', () => clearInterval(timer));
      },
      { handshakeTimeout: 60 },
    );
    expect(error).toBeInstanceOf(TimeoutError);
  });

  test('TLS that never begins: the same deadline', async () => {
    const server = await silentServer();
    const error = await failure(`wss://127.0.0.1:${server.port}/`, { handshakeTimeout: 50 });
    expect(error).toBeInstanceOf(TimeoutError);
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test('a TCP connection that does not come about: the same deadline, and a signal', async ({ skip }) => {
    const port = await fullPort();
    if (port === undefined) return skip('this system takes connections that nobody accepts');
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
    const before = sockets();
    for (const scheme of ['ws', 'wss']) {
      const error = await failure(`${scheme}://127.0.0.1:${port}/`, { handshakeTimeout: 50 });
      expect(error).toBeInstanceOf(TimeoutError);
      const giveUp = new AbortController();
      const opening = open(`${scheme}://127.0.0.1:${port}/`, { signal: giveUp.signal });
      await expect.poll(sockets).toBeGreaterThan(before);
      const reason = new Error('enough');
      giveUp.abort(reason);
      await expect(opening).rejects.toBe(reason);
    }
    await expect.poll(sockets).toBe(before);
  });

  test('names that are never resolved: the same deadline', async () => {
    const error = await failure('ws://nowhere.test/', { handshakeTimeout: 50, lookup: () => {} });
    expect(error).toBeInstanceOf(TimeoutError);
  });

  test('a signal ends it at any time, with its reason', async () => {
    const server = await silentServer();
    for (const scheme of ['ws', 'wss']) {
      const controller = new AbortController();
      const opening = open(`${scheme}://127.0.0.1:${server.port}/`, { signal: controller.signal });
      await expect.poll(() => server.sockets.size).toBe(1);
      const reason = new Error('enough');
      controller.abort(reason);
      await expect(opening).rejects.toBe(reason);
      await expect.poll(() => server.sockets.size).toBe(0);
    }
    const reason = new Error('before');
    await expect(open('ws://127.0.0.1:1/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('heads', () => {
  test('more than 64 KiB', async () => {
    const error = await answeredBy((socket) => {
      socket.write(`HTTP/1.1 101 x\r\nA: ${'b'.repeat(70_000)}`);
    });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.message).toMatch(/head is too large|line is too long/);
  });

  test('endless fields', async () => {
    const error = await answeredBy((socket) => {
      socket.write('HTTP/1.1 101 x\r\n');
      const timer = setInterval(() => socket.write('a: b\r\n'.repeat(2000)), 1);
      socket.on('close', () => clearInterval(timer));
    });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.message).toMatch('too many fields');
  });

  test('up to eight 1xx are skipped, nine are too many', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
    const good = await rawServer((socket, head) => socket.write(interim.repeat(8) + switching(head)));
    const ws = await open(`ws://127.0.0.1:${good.port}/`);
    expect(ws.state).toBe('open');
    ws.terminate();
    const error = await answeredBy((socket, head) => socket.write(interim.repeat(9) + switching(head)));
    expect(error).toBeInstanceOf(HandshakeError);
  });

  test('something that is not HTTP', async () => {
    const error = await answeredBy((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.message).not.toMatch('SSH');
  });

  test('an end, and a reset, before the answer', async () => {
    for (const end of ['end', 'resetAndDestroy'] as const) {
      const error = await answeredBy((socket) => socket[end]());
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({ isTemporary: true, response: undefined });
    }
  });
});

describe('a status other than 101', () => {
  test('is told with status, fields and body', async () => {
    const error = await answeredBy((socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 6\r\n\r\ngo off');
    });
    expect(error).toBeInstanceOf(HandshakeError);
    const { response, isTemporary } = error as HandshakeError;
    expect(response).toMatchObject({ status: 403, statusText: 'Forbidden', headers: { 'x-why': 'because' } });
    expect(Buffer.from(response!.body).toString()).toBe('go off');
    expect(isTemporary).toBe(false);
  });

  test('of a body without end, 64 KiB are kept', async () => {
    const error = await answeredBy((socket) => {
      socket.write('HTTP/1.1 503 x\r\n\r\n');
      const timer = setInterval(() => socket.write(Buffer.alloc(50_000)), 1);
      socket.on('close', () => clearInterval(timer));
    });
    expect((error as HandshakeError).response!.body.length).toBe(65_536);
    expect(error).toMatchObject({ isTemporary: true });
  });

  test('of a body that dawdles, what came until the deadline', async () => {
    const error = await answeredBy((socket) => socket.write('HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\nhal'), {
      handshakeTimeout: 50,
    });
    expect((error as HandshakeError).response).toMatchObject({ status: 500, body: new Uint8Array(Buffer.from('hal')) });
  });

  test('a redirect that nobody asked to follow is one', async () => {
    const error = await answeredBy((socket) =>
      socket.write('HTTP/1.1 302 x\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'),
    );
    expect((error as HandshakeError).response!.status).toBe(302);
  });
});

describe('a 101', () => {
  test.each<[string, Record<string, string | undefined>, string?]>([
    ['of HTTP/1.0', {}, '1.0'],
    ['without Upgrade', { Upgrade: undefined }],
    ['with another Upgrade', { Upgrade: 'h2c' }],
    ['without Connection', { Connection: undefined }],
    ['with another Connection', { Connection: 'keep-alive' }],
    ['without Accept', { 'Sec-WebSocket-Accept': undefined }],
    ['with a wrong Accept', { 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }],
    ['with two', { 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }],
    ['with an extension that was not offered', { 'Sec-WebSocket-Extensions': 'x-other' }],
    ['with the same extension twice', { 'Sec-WebSocket-Extensions': 'permessage-deflate, permessage-deflate' }],
    ['with a bad parameter', { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=7' }],
    ['with a subprotocol that was not offered', { 'Sec-WebSocket-Protocol': 'other' }],
    ['with two subprotocols', { 'Sec-WebSocket-Protocol': 'a', 'sec-websocket-protocol': 'a' }],
  ])('%s', async (_, fields, version) => {
    const error = await answeredBy((socket, head) => socket.write(switching(head, fields, version)), {
      compress: true,
      subprotocols: ['a', 'b'],
    });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ isTemporary: false, response: { status: 101 }, code: 1006 });
  });

  test('may have a list in Connection, white space around the Accept, and no subprotocol', async () => {
    const server = await rawServer((socket, head) => {
      const accept = `\t ${fieldOf(switching(head), 'Sec-WebSocket-Accept')} \t`;
      socket.write(switching(head, { Connection: 'keep-alive, Upgrade', 'Sec-WebSocket-Accept': accept }));
    });
    const options = { subprotocols: ['a'], requireSubprotocol: false };
    const ws = await open(`ws://127.0.0.1:${server.port}/`, options);
    expect(ws).toMatchObject({ state: 'open', protocol: '' });
    ws.terminate();
  });

  test('and frames in one chunk: they are delivered, after open', async () => {
    const server = await rawServer((socket, head) => {
      socket.write(
        Buffer.concat([Buffer.from(switching(head), 'latin1'), Buffer.from('\x81\x02hi\x81\x03two\x88\x00', 'latin1')]),
      );
    });
    const ws = await open(`ws://127.0.0.1:${server.port}/`);
    const messages: unknown[] = [];
    for await (const message of ws) messages.push(message);
    expect(messages).toEqual(['hi', 'two']);
  });
});

describe('URLs', () => {
  test.each([
    'ws://127.0.0.1/#fragment',
    'ws+unix:/tmp/x.sock:/#fragment',
    'http://127.0.0.1/',
    'ftp://127.0.0.1/',
    'ws://127.0.0.1/\r\nX: y',
    'ws://127.0.0.1/ x',
    '127.0.0.1',
    '',
    'ws://',
    'ws://[::1/',
    'ws://127.0.0.1:99999/',
    'ws+unix:',
    'ws+unix://host/tmp/x.sock',
    'ws+unix:/tmp/x.sock:resource',
    'ws+unix:/%ff.sock:/',
  ])('%j is a SyntaxError', async (url) => {
    await expect(open(url)).rejects.toThrow(SyntaxError);
  });

  test('an empty path is "/", and a query goes along', async () => {
    const server = await rawServer((socket, head) => socket.write(switching(head)));
    for (const [url, target] of [
      ['', '/'],
      ['?q', '/?q'],
      ['/a%20b?c=d', '/a%20b?c=d'],
    ]) {
      const ws = await open(`ws://127.0.0.1:${server.port}${url}`);
      ws.terminate();
      expect(server.heads.at(-1)).toMatch(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`);
    }
  });

  test('user info becomes Basic authorization, percent-decoded', async () => {
    const server = await rawServer((socket, head) => socket.write(switching(head)));
    const ws = await open(`ws://us%65r:p%40ss%3A%C3%A9@127.0.0.1:${server.port}/`);
    ws.terminate();
    const basic = Buffer.from('user:p@ss:é').toString('base64');
    expect(fieldOf(server.heads[0], 'Authorization')).toBe(`Basic ${basic}`);
    expect(server.heads[0]).not.toMatch(/us%65r|@/);
  });

  test('IPv6', async ({ skip }) => {
    const server = await rawServer((socket, head) => socket.write(switching(head)), undefined, '::1').catch(
      () => undefined,
    );
    if (server === undefined) return skip('no IPv6 here');
    const ws = await open(`ws://[::1]:${server.port}/`);
    expect(ws.remoteAddress).toBe('::1');
    ws.terminate();
    expect(fieldOf(server.heads[0], 'Host')).toBe(`[::1]:${server.port}`);
  });
});

test.each<[string, NodeClientOptions, ErrorConstructor]>([
  ['maxRedirects: 11', { maxRedirects: 11 }, RangeError],
  ['maxRedirects: -1', { maxRedirects: -1 }, RangeError],
  ['handshakeTimeout: -1', { handshakeTimeout: -1 }, RangeError],
  ['a proxy of another scheme', { proxy: 'ftp://proxy' }, TypeError],
  ['a proxy that is no URL', { proxy: 'proxy:3128' }, TypeError],
  ['a proxy for a Unix socket', { proxy: 'http://proxy', socketPath: '/x' }, TypeError],
  ['a proxy and createConnection', { proxy: 'http://proxy', createConnection: () => undefined as never }, TypeError],
  ['both ways to make a stream', { socketPath: '/x', createConnection: () => undefined as never }, TypeError],
  ['a header with a line end', { headers: { a: 'b\r\nc: d' } }, TypeError],
])('%s is a misuse', async (_, options, kind) => {
  await expect(open('ws://127.0.0.1:1/', options)).rejects.toThrow(kind);
});
