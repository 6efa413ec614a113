/**
 * WebSockets over HTTP/2 (RFC 8441), over real node:http2 in both roles. A peer that breaks rules is a bare session of
 * node:http2; beside it a witness connection lives on.
 */
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { attach, Http2Pool, listen, open, type Server, upgrade, type WebSocket } from '../../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { CLOSE, closePayload, frame, KEY, TEXT } from '../../../support/frames.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

const echo = async (ws: WebSocket) => {
  for await (const message of ws) await ws.send(message);
};

type ListenOptions = Parameters<typeof listen>[0] & object;

async function serve(options: ListenOptions = {}, handler: (ws: WebSocket) => unknown = echo): Promise<Server> {
  const server = await listen({ host: '127.0.0.1', port: 0, http2: true, ...options }, handler);
  cleanups.push(() => server.close({ timeout: 1 }));
  return server;
}

function poolOf(): Http2Pool {
  const pool = new Http2Pool();
  cleanups.push(() => pool.close());
  return pool;
}

/** A bare session with a server, whose SETTINGS have come. */
async function sessionWith(url: string): Promise<ClientHttp2Session> {
  const session = http2.connect(url.replace('ws', 'http'), { ca: tls.cert });
  cleanups.push(() => session.destroy());
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  return session;
}

/** A bare extended CONNECT, and the status of its answer. */
async function connectOn(
  session: ClientHttp2Session,
  headers: Record<string, string | undefined> = {},
): Promise<{ stream: ClientHttp2Stream; status: number }> {
  const all: Record<string, string | undefined> = {
    ...{
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':path': '/chat',
      ':authority': 'localhost',
    },
    ...{ 'sec-websocket-version': '13', ...headers },
  };
  for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
  const stream = session.request(all, { endStream: false });
  stream.on('error', () => {});
  const [response] = (await once(stream, 'response')) as [{ ':status': number }];
  return { stream, status: response[':status'] };
}

describe.each(['ws', 'wss'])('over %s', (scheme) => {
  const options = () => (scheme === 'wss' ? { tls } : {});
  const trust = () => ({ tls: { ca: tls.cert } });

  test('several WebSockets share one session, and HTTP/1.1 goes on beside them', async () => {
    const server = await serve({ ...options(), compress: true, subprotocols: ['b'] });
    const pool = poolOf();
    const common = { ...trust(), compress: true, subprotocols: ['a', 'b'] };
    const sockets = await Promise.all([1, 2, 3].map(() => open(`${server.url}/p?q=1`, { ...common, http2: pool })));
    sockets.push(await open(`${server.url}/p?q=1`, common));
    expect(pool.size).toBe(1);
    const large = 'grüße '.repeat(200_000);
    for (const ws of sockets) {
      expect([ws.protocol, ws.extensions, ws.remoteAddress]).toEqual(['b', 'permessage-deflate', '127.0.0.1']);
      for (const message of ['', 'a', large]) {
        await ws.send(message);
        expect(await ws.receive()).toBe(message);
      }
      const bytes = Buffer.alloc(300_000, 7);
      await ws.send(bytes);
      expect(bytes.equals((await ws.receive()) as Uint8Array)).toBe(true);
      expect(await ws.ping()).toBeGreaterThanOrEqual(0);
    }
    expect(sockets.map(({ response }) => response!.status)).toEqual([200, 200, 200, 101]);
    expect([...server.connections].map(({ url }) => url)).toEqual(Array(4).fill(`${server.url}/p?q=1`));
    for (const ws of sockets) expect(await ws.close(4000, 'bye')).toMatchObject({ code: 4000, clean: true });
  });

  test('a pool, a session of one’s own, and one for a single WebSocket', async () => {
    const server = await serve(options());
    const session = await sessionWith(server.url);
    for (const one of [true, session, poolOf()]) {
      const ws = await open(server.url, { ...trust(), http2: one });
      expect(ws.request).toMatchObject({ method: 'CONNECT', version: '2' });
      expect(await ws.close()).toMatchObject({ code: 1000, clean: true });
    }
    expect(session.closed).toBe(false);
  });
});

describe('a server', () => {
  let server: Server;
  let session: ClientHttp2Session;
  let witness: WebSocket;
  let ends: ReturnType<WebSocket['closed']['then']>[];
  beforeEach(async () => {
    ends = [];
    server = await serve(
      {
        authorize: ({ path }) => path !== '/no',
        onRequest: ({ path, method }) => ({ status: 200, body: `${method} ${path}` }),
      },
      (ws) => {
        ends.push(ws.closed);
        return echo(ws);
      },
    );
    session = await sessionWith(server.url);
    witness = await open(server.url, { http2: session });
  });

  /** Whatever else is going on, the witness is served, on the same session where that still stands. */
  async function expectWitness(): Promise<void> {
    await witness.send('still here');
    expect(await witness.receive()).toBe('still here');
  }

  test('says that it takes extended CONNECTs, and how many', () => {
    expect(session.remoteSettings).toMatchObject({ enableConnectProtocol: true, maxConcurrentStreams: 100 });
  });

  test.each<[string, Record<string, string | undefined>, number]>([
    ['another protocol', { ':protocol': 'connect-udp' }, 501],
    ['another version', { 'sec-websocket-version': '8' }, 400],
    ['an Origin that may not connect', { origin: 'https://evil.example' }, 403],
    ['what authorize refuses', { ':path': '/no' }, 403],
    ['a subprotocol twice', { 'sec-websocket-protocol': 'a, a' }, 400],
  ])('refuses %s with its status and END_STREAM', async (_what, headers, status) => {
    const { stream, status: seen } = await connectOn(session, headers);
    expect(seen).toBe(status);
    stream.resume();
    await once(stream, 'end');
    await expectWitness();
  });

  test('answers plain requests with onRequest', async () => {
    const stream = session.request({ ':path': '/health?x' });
    const [headers] = (await once(stream, 'response')) as [{ ':status': number }];
    expect(headers[':status']).toBe(200);
    expect(String(await once(stream.setEncoding('utf8'), 'data'))).toBe('GET /health');
    await once(stream, 'close');
    await expectWitness();
  });

  test('RST_STREAM in the middle of a frame is a loss: 1006', async () => {
    const { stream } = await connectOn(session);
    const whole = frame({ opcode: TEXT, payload: 'hello', key: KEY });
    stream.write(whole);
    await once(stream, 'data');
    stream.write(whole.subarray(0, 5), () => stream.close(http2.constants.NGHTTP2_CANCEL));
    const info = await ends[1];
    expect(info).toMatchObject({ code: 1006, clean: false, error: { name: 'ConnectionLostError' } });
    await expectWitness();
  });

  test('END_STREAM without a Close frame is 1006, and answered with RST_STREAM and CANCEL', async () => {
    const { stream } = await connectOn(session);
    stream.end();
    await once(stream.resume(), 'close');
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    expect(await ends[1]).toMatchObject({ code: 1006, clean: false });
    await expectWitness();
  });

  test('END_STREAM on a Close frame, as Chromium sends it, is answered with a Close frame', async () => {
    const { stream } = await connectOn(session);
    stream.end(Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8));
    const [data] = (await once(stream, 'data')) as [Buffer];
    expect([...data]).toEqual([0x88, 2, 0x03, 0xe8]);
    await once(stream, 'close');
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR);
    expect(await ends[1]).toMatchObject({ code: 1000, clean: true });
  });

  test.each([
    ['in frames of its own', (bytes: Uint8Array[]) => bytes],
    ['in one frame', (bytes: Uint8Array[]) => [Buffer.concat(bytes)]],
  ])('so it is behind a message whose answer is on its way, %s', async (_, framed) => {
    const { stream } = await connectOn(session);
    let received = Buffer.alloc(0);
    stream.on('data', (data: Buffer) => (received = Buffer.concat([received, data])));
    const parts = framed([
      frame({ opcode: TEXT, payload: 'hello', key: KEY }),
      frame({ opcode: CLOSE, payload: closePayload(4000), key: KEY }),
    ]);
    for (const part of parts.slice(0, -1)) stream.write(part);
    stream.end(parts.at(-1));
    await once(stream, 'close');
    const answer = Buffer.concat([
      frame({ opcode: TEXT, payload: 'hello' }),
      frame({ opcode: CLOSE, payload: closePayload(4000) }),
    ]);
    expect([received, stream.rstCode]).toEqual([answer, http2.constants.NGHTTP2_NO_ERROR]);
    expect(await ends[1]).toMatchObject({ code: 4000, clean: true });
  });

  test('a session that is destroyed ends its own WebSockets, and no other', async () => {
    const other = await sessionWith(server.url);
    await connectOn(other);
    await connectOn(other);
    other.destroy();
    for (const end of await Promise.all(ends.slice(1))) expect(end).toMatchObject({ code: 1006 });
    await expectWitness();
  });

  test('a peer that gives no window is waited for, and holds up nobody else', async () => {
    const { stream } = await connectOn(session);
    stream.pause();
    const [, ws] = [...server.connections];
    const sent = ws.send(new Uint8Array(8 * 1024 * 1024));
    await expectWitness();
    expect(ws.bufferedAmount).toBeGreaterThan(4 * 1024 * 1024);
    let received = 0;
    stream.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
    await sent;
    await expect.poll(() => ws.bufferedAmount).toBe(0);
    await expect.poll(() => received).toBe(8 * 1024 * 1024 + 10);
  });

  test('a graceful close says GOAWAY, closes every WebSocket with 1001 and leaves nothing', async () => {
    const goaway = once(session, 'goaway');
    await server.close();
    expect(await witness.closed).toMatchObject({ code: 1001, clean: true });
    expect((await goaway)[0]).toBe(http2.constants.NGHTTP2_NO_ERROR);
    if (!session.destroyed) await once(session, 'close');
  });
});

describe('a server’s bounds', () => {
  test('a client that opens no stream is shown out with GOAWAY at the deadline of an opening handshake', async () => {
    const server = await serve({ handshakeTimeout: 50, closeTimeout: 50 });
    const session = await sessionWith(server.url);
    expect((await once(session, 'goaway'))[0]).toBe(0);
  });

  test('one that says nothing, or half a preface, is put out at that deadline', async () => {
    const server = await serve({ handshakeTimeout: 50, closeTimeout: 50 });
    for (const beginning of ['', 'PRI * HTTP/2.0\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
      const socket = connectTcp(server.port, '127.0.0.1').on('error', () => {});
      socket.resume().write(beginning);
      await once(socket, 'close');
    }
  });

  test('maxConnections counts streams: 503, with Retry-After', async () => {
    const server = await serve({ maxConnections: 1 });
    const pool = poolOf();
    const first = await open(server.url, { http2: pool });
    const refused = await open(server.url, { http2: pool }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ isTemporary: true, response: { status: 503, headers: { 'retry-after': '5' } } });
    await first.close();
    await expect.poll(() => server.connections.size).toBe(0);
    await (await open(server.url, { http2: pool })).close();
  });

  test('streams that are opened and reset as fast as they can be leave nothing, and the witness lives', async () => {
    const server = await serve();
    const witness = await open(server.url, { http2: true });
    const session = await sessionWith(server.url);
    for (let i = 0; i < 300 && !session.destroyed; i++) {
      const stream = session.request({ ':path': '/', ':method': 'GET' }, { endStream: false });
      stream.on('error', () => {});
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    await witness.send('still here');
    expect(await witness.receive()).toBe('still here');
    await expect.poll(() => server.connections.size).toBe(1);
  });
});

describe('attach', () => {
  test('takes the extended CONNECTs for its paths and leaves all other streams alone', async () => {
    const web = http2.createServer((request, response) => response.end(`page ${request.url}`));
    const sockets = attach(web, { path: '/live' }, (ws) => ws.send('news'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => web.close());
    const url = `ws://127.0.0.1:${(web.address() as AddressInfo).port}`;
    const session = await sessionWith(url);
    const ws = await open(`${url}/live?now`, { http2: session });
    expect(await ws.receive()).toBe('news');
    const page = session.request({ ':path': '/live' });
    expect(String(await once(page.setEncoding('utf8'), 'data'))).toBe('page /live');
    expect((await connectOn(session, { ':path': '/other' })).status).toBe(404);
    await sockets.close();
    expect((await connectOn(session, { ':path': '/live' })).status).toBe(405);
    session.destroy();
  });

  test.each(['with a listener for requests', 'without any other listener'])(
    'what is nobody’s is answered, %s: 404 at once, 503 after handshakeTimeout where others listen',
    async (others) => {
      const web = http2.createServer();
      if (others.startsWith('with ')) web.on('request', (_, response) => response.end());
      const handlers = [1, 2].map((i) =>
        attach(web, { path: `/${i}`, handshakeTimeout: 200 }, (ws) => ws.send(`${i}`)),
      );
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
      cleanups.push(() => web.close());
      const url = `ws://127.0.0.1:${(web.address() as AddressInfo).port}`;
      const session = await sessionWith(url);
      const witness = await open(`${url}/2`, { http2: session });
      const nobodys = await connectOn(session, { ':path': '/3' });
      expect(nobodys.status).toBe(404);
      if (!nobodys.stream.closed) await once(nobodys.stream, 'close');
      web.on('connect', () => {}).on('stream', () => {});
      expect((await connectOn(session, { ':path': '/3' })).status).toBe(503);
      expect(await witness.receive()).toBe('2');
      await witness.close();
      await Promise.all(handlers.map((one) => one.close()));
      session.destroy();
    },
  );

  test('a `path` that throws refuses its own stream with 500', async () => {
    const web = http2.createServer();
    const errors: unknown[] = [];
    const path = (): boolean => {
      throw new Error('no idea');
    };
    const sockets = attach(web, { path, onError: (error) => errors.push(error) }, echo);
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => web.close());
    const session = await sessionWith(`ws://127.0.0.1:${(web.address() as AddressInfo).port}`);
    expect((await connectOn(session)).status).toBe(500);
    expect(errors).toEqual([new Error('no idea')]);
    await sockets.close();
    session.destroy();
  });

  test('upgrade answers one of node:http2’s own', async () => {
    const web = http2.createServer({ settings: { enableConnectProtocol: true } }, (_request, response) =>
      response.end(),
    );
    web.on('connect', (request: http2.Http2ServerRequest) => {
      void upgrade(request as never, request.stream, new Uint8Array(0)).then((ws) => ws.send('by hand'));
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => web.close());
    const ws = await open(`ws://127.0.0.1:${(web.address() as AddressInfo).port}`, { http2: true });
    expect(await ws.receive()).toBe('by hand');
    ws.terminate();
  });
});

describe('a client', () => {
  /** A bare server, which answers streams as it is told. */
  async function bare(onStream: (stream: ServerHttp2Stream) => void, settings: http2.Settings = {}): Promise<string> {
    const web = http2.createServer({ settings: { enableConnectProtocol: true, ...settings } });
    web.on('stream', (stream) => {
      stream.on('error', () => {});
      onStream(stream);
    });
    web.on('session', (session) => cleanups.push(() => session.destroy()));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    cleanups.unshift(() => web.close());
    return `ws://127.0.0.1:${(web.address() as AddressInfo).port}`;
  }
  const failure = (url: string, options = {}): Promise<Error & { response?: { status: number; body: Uint8Array } }> =>
    open(url, { http2: true, ...options }).then(
      () => Promise.reject(new Error('it opened')),
      (error) => error,
    );

  test('falls back to HTTP/1.1 where the server speaks no HTTP/2, on the same connection', async () => {
    const server = await listen({ host: '127.0.0.1', port: 0, tls }, echo);
    cleanups.push(() => server.close({ timeout: 1 }));
    const pool = poolOf();
    const ws = await open(server.url, { http2: pool, tls: { ca: tls.cert } });
    expect(ws.response!.status).toBe(101);
    expect(pool.size).toBe(0);
    await ws.close();
  });

  test('is told of a refusal with its status and body', async () => {
    const url = await bare((stream) => {
      stream.respond({ ':status': 418, 'content-type': 'text/plain' });
      stream.end('short and stout');
    });
    const error = await failure(url);
    expect(error).toMatchObject({ name: 'HandshakeError', response: { status: 418 } });
    expect(Buffer.from(error.response!.body).toString()).toBe('short and stout');
  });

  test.each<[string, http2.OutgoingHttpHeaders]>([
    ['a subprotocol that was not offered', { ':status': 200, 'sec-websocket-protocol': 'x' }],
    ['an extension that was not offered', { ':status': 200, 'sec-websocket-extensions': 'permessage-deflate' }],
  ])('fails the handshake for %s, and resets the stream', async (_what, headers) => {
    const reset = new Promise<number | undefined>((resolve) => {
      void bare((stream) => {
        stream.on('close', () => resolve(stream.rstCode));
        stream.respond(headers);
      }).then(async (url) =>
        expect(await failure(url)).toMatchObject({ name: 'HandshakeError', response: { status: 200 } }),
      );
    });
    expect(await reset).toBe(http2.constants.NGHTTP2_CANCEL);
  });

  test('follows a redirect, on the same pool', async () => {
    let place = 'ws://127.0.0.1:1';
    const url = await bare((stream) => {
      stream.respond({ ':status': 307, location: place });
      stream.end();
    });
    const server = await serve();
    place = `${server.url}/there`;
    const ws = await open(url, { http2: poolOf(), maxRedirects: 1 });
    expect([ws.url, ws.request!.version]).toEqual([place, '2']);
    await ws.close();
    place = '/again';
    expect((await failure(url, { maxRedirects: 1 })).message).toContain('status 307');
  });

  test('a stream that is reset, and a session that is lost, end with 1006', async () => {
    const streams: ServerHttp2Stream[] = [];
    const url = await bare((stream) => {
      streams.push(stream);
      stream.respond({ ':status': 200 });
    });
    const pool = poolOf();
    const [one, two] = [await open(url, { http2: pool }), await open(url, { http2: pool })];
    streams[0].close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    expect(await one.closed).toMatchObject({ code: 1006, clean: false });
    expect(two.state).toBe('open');
    streams[1].session!.destroy();
    expect(await two.closed).toMatchObject({ code: 1006, clean: false });
    await expect.poll(() => pool.size).toBe(0);
  });

  test('GOAWAY lets streams go on, and the next WebSocket has a session of its own', async () => {
    const streams: ServerHttp2Stream[] = [];
    const url = await bare((stream) => {
      streams.push(stream);
      stream.respond({ ':status': 200 });
    });
    const pool = poolOf();
    const one = await open(url, { http2: pool });
    streams[0].session!.goaway();
    streams[0].write(frame({ opcode: TEXT, payload: 'after GOAWAY' }));
    expect(await one.receive()).toBe('after GOAWAY');
    const two = await open(url, { http2: pool });
    expect(streams[1].session).not.toBe(streams[0].session);
    for (const ws of [one, two]) ws.terminate();
  });

  test('a pool that is closed right after the end of its session has none left', async () => {
    const url = await bare((stream) => stream.session!.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM));
    const pool = poolOf();
    await failure(url, { http2: pool });
    await pool.close();
    expect(pool.size).toBe(0);
  });

  test('opens another session when the server lets no more streams be opened', async () => {
    const url = await bare((stream) => stream.respond({ ':status': 200 }), { maxConcurrentStreams: 2 });
    const pool = poolOf();
    const sockets = await Promise.all([1, 2, 3, 4, 5].map(() => open(url, { http2: pool })));
    expect(pool.size).toBe(3);
    for (const ws of sockets) ws.terminate();
  });

  test('fails with a session whose server takes no WebSockets, and with one that is closed', async () => {
    const url = await bare(() => {}, { enableConnectProtocol: false });
    const session = await sessionWith(url);
    expect((await failure(url, { http2: session })).message).toMatch(/^the server takes no WebSockets over HTTP\/2/);
    session.destroy();
    expect((await failure(url, { http2: session })).message).toMatch(/^the HTTP\/2 session has ended/);
  });

  test('fails with a session whose server takes no WebSockets though its pings are all under way', async () => {
    const url = await bare(() => {}, { enableConnectProtocol: false });
    const options = { maxOutstandingPings: 1 } as http2.ClientSessionOptions;
    const session = http2.connect(url.replace('ws:', 'http:'), options);
    onTestFinished(() => session.destroy());
    await once(session, 'remoteSettings');
    session.ping(() => {});
    const error = await failure(url, { http2: session, handshakeTimeout: false });
    expect(error.message).toMatch(/^the server takes no WebSockets over HTTP\/2/);
  });

  test.each(['close', 'destroy'] as const)('fails with a session that another listener ends by %s', async (end) => {
    const url = await bare(() => {}, { enableConnectProtocol: false });
    const session = http2.connect(url.replace('ws:', 'http:')).on('error', () => {});
    session.once('connect', () => session[end]());
    const error = await failure(url, { http2: session, handshakeTimeout: false });
    expect(error.message).toMatch(/^the HTTP\/2 session has ended/);
  });

  test('gives up with its signal and its deadline while a server says nothing', async () => {
    const url = await bare(() => {});
    expect(await failure(url, { handshakeTimeout: 50 })).toMatchObject({ name: 'TimeoutError' });
    const pool = poolOf();
    const controller = new AbortController();
    const given = failure(url, { http2: pool, signal: controller.signal });
    controller.abort(new Error('enough'));
    expect((await given).message).toBe('enough');
    await pool.close();
    expect(pool.size).toBe(0);
  });

  test('waits for no createConnection that never comes to an end, and keeps nothing of it', async () => {
    const createConnection = () => new Promise<never>(() => {});
    const pool = poolOf();
    const timeouts = [1, 2].map(() => failure('ws://a.test/', { http2: pool, createConnection, handshakeTimeout: 50 }));
    expect(pool.size).toBe(1);
    for (const error of await Promise.all(timeouts)) {
      expect(error).toMatchObject({
        name: 'TimeoutError',
        message: expect.stringMatching('waiting for createConnection:'),
      });
    }
    expect(pool.size).toBe(0);
    const late = failure('ws://a.test/', { http2: pool, createConnection, handshakeTimeout: 50 });
    expect(pool.size).toBe(1);
    await pool.close();
    expect(pool.size).toBe(0);
    await late;
  });

  test('says what it waited for', async () => {
    const silent = createTcpServer((socket) => void socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const session = http2.connect(url.replace('ws:', 'http:')).on('error', () => {});
    onTestFinished(() => session.destroy());
    const waited = async (to: string, over: boolean | Http2Pool | ClientHttp2Session) =>
      /waiting for (.*?): /.exec((await failure(to, { http2: over, handshakeTimeout: 50 })).message)?.[1];
    expect(await waited(url, true)).toBe('HTTP/2');
    expect(await waited(url, poolOf())).toBe('HTTP/2');
    expect(await waited(url, session)).toBe('HTTP/2');
    expect(await waited(await bare(() => {}), true)).toBe('the response');
  });

  test('misuse throws, and a closed pool opens nothing', async () => {
    await expect(open('ws://127.0.0.1:1', { http2: {} as never })).rejects.toThrow(TypeError);
    expect(() => new Http2Pool({ idleTimeout: -1 })).toThrow(RangeError);
    const pool = new Http2Pool();
    await pool.close();
    expect(await failure('ws://127.0.0.1:1', { http2: pool })).toMatchObject({ cause: expect.any(TypeError) });
  });
});
