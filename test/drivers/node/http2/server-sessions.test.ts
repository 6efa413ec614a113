/** How long a server keeps a connection of HTTP/2: until its time is up while it carries nothing, and no shorter. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { Http2Pool, listen, open, type Server, type WebSocket } from '../../../../drivers/index.ts';
import { type NodeListener, type NodeServerOptions, serve } from '../../../../drivers/node/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { collectGarbage } from '../../../support/garbage.ts';
import { BEGINNING, extendedConnect, framesIn, GOAWAY, HEADERS } from '../../../support/http2-frames.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

const LOCAL = { host: '127.0.0.1', port: 0, http2: true } as const;

async function start(options: NodeServerOptions = {}): Promise<Server> {
  const server = await listen({ ...LOCAL, ...options }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  cleanups.push(() => server.close({ timeout: 1 }));
  return server;
}

/** A client that says this, and does nothing more. Tells what frames have come, by their types. */
function stubborn(port: number, bytes: string | Uint8Array): { socket: Socket; types: () => number[] } {
  const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
  cleanups.push(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).write(bytes);
  return { socket, types: () => framesIn(Buffer.concat(chunks)).map(({ type }) => type) };
}

async function isServed(ws: WebSocket): Promise<void> {
  await ws.send('still here');
  expect(await ws.receive()).toBe('still here');
}

/** Resolves when whoever has come by now, and has 50 ms, has had them. */
async function timeIsUp(): Promise<void> {
  const server = await start({ handshakeTimeout: 60 });
  const { types } = stubborn(server.port, BEGINNING);
  await expect.poll(types).toContain(GOAWAY);
}

test('one with a WebSocket outlives the deadline of opening handshakes', async () => {
  const server = await start({ handshakeTimeout: 50 });
  const pool = new Http2Pool();
  const ws = await open(server.url, { http2: pool });
  await timeIsUp();
  const another = await open(server.url, { http2: pool });
  expect(pool.size).toBe(1);
  for (const one of [ws, another]) {
    await isServed(one);
    await one.close();
  }
  await pool.close();
});

test('one with a WebSocket gives way to nobody, though another of its WebSockets has ended', async () => {
  const server = await start({ maxHandshakes: 1 });
  const pool = new Http2Pool();
  cleanups.push(() => pool.close());
  const [ws, other] = [await open(server.url, { http2: pool }), await open(server.url, { http2: pool })];
  expect(pool.size).toBe(1);
  await other.close();
  await expect.poll(() => server.connections.size).toBe(1);
  const first = stubborn(server.port, 'PRI');
  const second = stubborn(server.port, 'PRI');
  await Promise.race([first, second].map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))));
  await isServed(ws);
  await ws.close();
});

test.each([
  ['has never opened a stream', BEGINNING, GOAWAY],
  ['does not leave with its last stream', Buffer.concat([BEGINNING, extendedConnect(1)]), HEADERS],
])('a client that %s is ended at `closeTimeout`', async (_, bytes, ready) => {
  const server = await start({ handshakeTimeout: false, closeTimeout: 50 });
  const { socket, types } = stubborn(server.port, bytes);
  if (ready === HEADERS) await expect.poll(types).toContain(ready);
  else await once(socket, 'data');
  await server.close();
  await expect.poll(types).toContain(GOAWAY);
});

test('one with a WebSocket outlives `closeTimeout` where its server has stopped listening', async () => {
  const server: NodeListener = await serve({ ...LOCAL, closeTimeout: 20 }, { message: (ws, data) => ws.send(data) });
  const ws = await open(server.url, { http2: true });
  const { socket } = stubborn(server.port, BEGINNING);
  await once(socket, 'data');
  server.stopListening();
  await once(socket, 'end');
  await timeIsUp();
  await isServed(ws);
  await ws.close();
  await server.closed;
});

test('one whose TLS handshake is over only after its server has stopped is shown out at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, 'h2');
  const server = await listen({ socketPath, tls, http2: true, handshakeTimeout: false, closeTimeout: 50 }, () => {});
  let closed!: Promise<void>;
  const onSocket = (): void => void (closed ??= server.close());
  subscribe('net.server.socket', onSocket);
  cleanups.push(() => unsubscribe('net.server.socket', onSocket));
  const session = http2.connect('https://localhost', {
    createConnection: () =>
      connectTls({ path: socketPath, ca: tls.cert, servername: 'localhost', ALPNProtocols: ['h2'] }),
  });
  session.on('error', () => {});
  await once(session, 'close');
  await closed;
});

test('nothing is kept of one that its client has ended', async () => {
  const server = await start();
  const refs: WeakRef<object>[] = [];
  const onSocket = (message: unknown): void => void refs.push(new WeakRef((message as { socket: Socket }).socket));
  subscribe('net.server.socket', onSocket);
  cleanups.push(() => unsubscribe('net.server.socket', onSocket));
  for (const bytes of [BEGINNING, Buffer.concat([BEGINNING, extendedConnect(1)])]) {
    const { socket } = stubborn(server.port, bytes);
    await once(socket, 'data');
    socket.end();
    await once(socket, 'close');
  }
  expect(refs.length).toBe(2);
  for (const ref of refs) expect(await collectGarbage(ref)).toBe(true);
});
