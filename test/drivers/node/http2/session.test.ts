/** The sessions of an `Http2Pool`: which one a WebSocket goes over, and what is left of them at their ends. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Http2Pool, listen, open, type Server, upgrade, type WebSocket } from '../../../../drivers/index.ts';
import type { NodeClientOptions, NodeServerOptions } from '../../../../drivers/node/index.ts';
import { PendingTransport } from '../../../../drivers/node/client/pending-transport.ts';
import { parseTarget } from '../../../../drivers/node/client/target.ts';
import type { StreamLease } from '../../../../drivers/node/http2/carrier.ts';
import { rawServer } from '../client/support.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';

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

async function serve(options: NodeServerOptions = {}): Promise<Server> {
  const place = options.socketPath === undefined ? { host: '127.0.0.1', port: 0 } : {};
  const server = await listen({ ...place, http2: true, ...options }, echo);
  cleanups.push(() => server.close({ timeout: 1 }));
  return server;
}

function poolOf(options = {}): Http2Pool {
  const pool = new Http2Pool(options);
  cleanups.push(() => pool.close());
  return pool;
}

async function isServed(ws: WebSocket): Promise<void> {
  await ws.send('still here');
  expect(await ws.receive()).toBe('still here');
}

describe('a session', () => {
  test('leads to one host, port and Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const paths = ['a', 'b'].map((name) => join(folder, name));
    const [one, other] = [await serve(), await serve()];
    for (const socketPath of paths) await serve({ socketPath });
    const pool = poolOf();
    const ways: [string, object][] = [
      [one.url, {}],
      [other.url, {}],
      [one.url.replace('127.0.0.1', 'localhost'), {}],
      ...paths.map((socketPath): [string, object] => [one.url, { socketPath }]),
    ];
    const sizes: number[] = [];
    for (const [url, options] of [...ways, ...ways]) {
      const ws = await open(url, { http2: pool, family: 4, ...options });
      cleanups.push(() => ws.close());
      sizes.push(pool.size);
    }
    expect(sizes).toEqual([1, 2, 3, 4, 5, 5, 5, 5, 5, 5]);
    for (const server of [one, other]) expect(server.connections.size).toBe(server === one ? 4 : 2);
  });

  test('that could not be opened is none, and the next WebSocket has one of its own', async () => {
    const pool = poolOf();
    const server = await serve();
    const lookup = (_host: string, _options: object, done: (error: Error) => void) => done(new Error('not today'));
    let hasName = false;
    const options = {
      http2: pool,
      lookup: ((...args: Parameters<typeof lookup>) => {
        if (!hasName) return lookup(...args);
        (args[2] as unknown as (error: null, found: object[]) => void)(null, [{ address: '127.0.0.1', family: 4 }]);
      }) as never,
    };
    const url = server.url.replace('127.0.0.1', 'there.test');
    await expect(open(url, options)).rejects.toMatchObject({ name: 'HandshakeError' });
    expect(pool.size).toBe(0);
    hasName = true;
    await isServed(await open(url, options));
  });

  test.each([
    ['a proxy that refuses', 'HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n'],
    ['a proxy that says too much', 'HTTP/1.1 200 Fine\r\n\r\nand more'],
  ])('that could not be opened leaves no connection: %s', async (_, answer) => {
    const proxy = await rawServer((socket) => void socket.write(answer));
    const options = { proxy: `http://127.0.0.1:${proxy.port}`, http2: poolOf() };
    await expect(open('ws://far.test/', options)).rejects.toMatchObject({ kind: 'proxy' });
    await expect.poll(() => proxy.sockets.size).toBe(0);
    expect(proxy.heads.length).toBe(1);
  });

  test.each([true, false])(
    'that could not be opened over a stream whose peer has hung up ends it, too: %j',
    async (http2) => {
      const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      stream.push(null);
      await once(stream.resume(), 'end');
      const opening = open('ws://far.test/', { createConnection: () => stream, http2 });
      await expect(opening).rejects.toMatchObject({ kind: 'lost' });
      expect(stream.destroyed).toBe(true);
    },
  );

  test('is kept for `idleTimeout` without a WebSocket, which the next one takes', async () => {
    const server = await serve();
    let connections = 0;
    const onSocket = (): void => void connections++;
    subscribe('net.client.socket', onSocket);
    cleanups.push(() => unsubscribe('net.client.socket', onSocket));
    const [hasty, patient] = [poolOf({ idleTimeout: 20 }), poolOf({ idleTimeout: 120_000 })];
    for (const pool of [patient, hasty, patient]) await (await open(server.url, { http2: pool })).close();
    expect([connections, patient.size]).toEqual([2, 1]);
    await expect.poll(() => hasty.size).toBe(0);
    expect(patient.size).toBe(1);
  });

  const a = () => Buffer.from('a');
  const nowhere = () => {};
  test.each<[NodeClientOptions, NodeClientOptions, boolean]>([
    [{ tls: { ca: [a()] } }, { tls: { ca: [a()] } }, true],
    [{ tls: { ca: [a()] } }, { tls: { ca: [a(), a()] } }, false],
    [{ tls: { ca: [a(), a()] } }, { tls: { ca: [a()] } }, false],
    [{ tls: { ca: [a()] } }, { tls: { ca: a() } }, false],
    [{ tls: { ca: 'a' } }, { tls: { ca: a() } }, false],
    [{ tls: { ca: a() } }, { tls: { ca: Buffer.from('b') } }, false],
    [{ tls: { cert: undefined } }, { tls: {} }, true],
    [{ tls: {} }, { tls: { cert: 'a' } }, false],
    [{ tls: {} }, {}, false],
    [{ tls: Object.create(null) as object }, { tls: {} }, true],
    [{ proxy: new URL('http://a.test') }, { proxy: new URL('http://a.test/') }, true],
    [{ proxy: new URL('http://a.test') }, { proxy: new URL('http://b.test') }, false],
    [{ family: 4 }, { family: 6 }, false],
    [{ localAddress: '::1' }, { localAddress: '::1' }, true],
  ])('opened with %j serves those with %j: %j', async (one, other, isSo) => {
    const pool = poolOf();
    const target = parseTarget('wss://far.test/');
    for (const options of [one, other, { ...other }]) {
      pool.carrierTo(target, { ...options, lookup: nowhere as never }, new PendingTransport()).catch(() => {});
    }
    expect(pool.size).toBe(isSo ? 1 : 2);
  });

  test('of a pool that is closed goes on to the end of its last WebSocket', async () => {
    const server = await serve();
    const pool = poolOf();
    const [ws, other] = [await open(server.url, { http2: pool }), await open(server.url, { http2: pool })];
    const closed = pool.close();
    await other.close();
    await isServed(ws);
    expect(pool.size).toBe(1);
    await ws.close();
    await closed;
    expect(pool.size).toBe(0);
  });

  test('counts a stream that was not opened after all no longer, and one that was only once', async () => {
    const server = await serve();
    const pool = poolOf({ maxStreams: 1, idleTimeout: 60_000 });
    const lease = async () => {
      const carrier = await pool.carrierTo(parseTarget(server.url), {}, new PendingTransport());
      return carrier as StreamLease;
    };
    (await lease()).release();
    const opened = await lease();
    expect(pool.size).toBe(1);
    const stream = opened.request({ ':path': '/' }).resume();
    const over = once(stream, 'close');
    opened.release();
    // It is there still: another has a session of its own.
    (await lease()).release();
    expect(pool.size).toBe(2);
    stream.close();
    await over;
  });
});

describe('where a server takes no WebSockets over HTTP/2', () => {
  /** One that speaks HTTP/1.1, and HTTP/2 without a word about extended CONNECTs where it is one of node:http2. */
  async function serveOld(
    web: HttpsServer | http2.Http2SecureServer,
  ): Promise<{ url: string; sockets: Set<Socket>; options: object }> {
    const sockets = new Set<Socket>();
    web.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    web.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      upgrade(request, stream, head)
        .then(echo)
        .catch(() => {});
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => web.close());
    const url = `wss://127.0.0.1:${(web.address() as AddressInfo).port}`;
    return { url, sockets, options: { tls: { ca: tls.cert } } };
  }

  test('they go over HTTP/1.1, each on a connection of its own, and the session goes', async () => {
    const { url, sockets, options } = await serveOld(http2.createSecureServer({ ...tls, allowHTTP1: true }));
    const pool = poolOf({ idleTimeout: 0 });
    const opened = await Promise.all([1, 2].map(() => open(url, { http2: pool, ...options })));
    expect(opened.map((ws) => ws.response!.status)).toEqual([101, 101]);
    await Promise.all(opened.map(isServed));
    await expect.poll(() => [pool.size, sockets.size]).toEqual([0, 2]);
    await Promise.all(opened.map((ws) => ws.close()));
  });

  test('or none at all, the connection that was made to find out is the first one’s', async () => {
    const { url, sockets, options } = await serveOld(createHttpsServer(tls));
    const pool = poolOf();
    const opened = await Promise.all([1, 2].map(() => open(url, { http2: pool, ...options })));
    await Promise.all(opened.map(isServed));
    expect([pool.size, sockets.size]).toEqual([0, 2]);
    await Promise.all(opened.map((ws) => ws.close()));
  });
});

test('a session of one’s own leads to one server: a redirect to another goes over HTTP/1.1', async () => {
  const server = await serve();
  const web = http2.createServer({ settings: { enableConnectProtocol: true } });
  web.on('stream', (stream) =>
    stream.respond({ ':status': 307, location: `${server.url}/there` }, { endStream: true }),
  );
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => web.close());
  const url = `ws://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const session = http2.connect(url.replace('ws', 'http'));
  cleanups.push(() => session.destroy());
  const ws = await open(url, { http2: session, maxRedirects: 1 });
  expect([ws.url, ws.request!.version]).toEqual([`${server.url}/there`, '1.1']);
  await isServed(ws);
  await ws.close();
});
