/** The time that `close` gives is everybody's: who is not in, and does not hang up either, gets no more of it. */
import { once } from 'node:events';
import http2 from 'node:http2';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, test } from 'vitest';
import { attach, listen, type ServeOptions } from '../../../drivers/index.ts';
import { attach as attachHandlers, type NodeServerOptions, serve } from '../../../drivers/node/index.ts';
import { BEGINNING, extendedConnect } from '../../support/http2-frames.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const REQUEST =
  'GET / HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A client that says this, and never hangs up. */
function stubborn(port: number, bytes: string | Uint8Array): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  cleanups.push(() => socket.destroy());
  socket.on('error', () => {}).write(bytes);
  return socket;
}

interface Closable {
  close(options: { timeout: number }): Promise<void>;
}

type Start = (options: NodeServerOptions & ServeOptions) => Promise<{ server: Closable; port: number }>;

const LOCAL = { host: '127.0.0.1', port: 0, http2: true } as const;

const FACES: [string, Start][] = [
  ['listen', async (options) => portOf(await listen({ ...LOCAL, ...options }, () => {}))],
  ['serve', async (options) => portOf(await serve({ ...LOCAL, ...options }, {}))],
];

function portOf<S extends Closable & { readonly port: number }>(server: S): { server: S; port: number } {
  return { server, port: server.port };
}

describe.each(FACES)('%s', (_, start) => {
  test.each([
    ['was refused', REQUEST],
    ['was refused over HTTP/2', Buffer.concat([BEGINNING, extendedConnect(1)])],
  ])('a client that %s and stays is ended with the time', async (_what, bytes) => {
    let refused!: () => void;
    const isRefused = new Promise<void>((resolve) => (refused = resolve));
    const { server, port } = await start({ closeTimeout: false, authorize: () => false, onRefused: () => refused() });
    stubborn(port, bytes);
    await isRefused;
    await server.close({ timeout: 1 });
  });

  test('a connection of HTTP/2 without a stream is, too', async () => {
    const { server, port } = await start({ closeTimeout: false });
    const socket = stubborn(port, BEGINNING);
    await once(socket, 'readable');
    await server.close({ timeout: 1 });
  });
});

test.each([
  ['node:http', () => createServer(), REQUEST],
  ['node:http2', () => http2.createServer(), Buffer.concat([BEGINNING, extendedConnect(1)])],
])('a client that was refused and stays is ended where `attach` has refused it: %s', async (_, create, bytes) => {
  for (const face of ['promise', 'event']) {
    const web = create();
    let refused!: () => void;
    const isRefused = new Promise<void>((resolve) => (refused = resolve));
    const options = { closeTimeout: false, authorize: () => false, onRefused: () => refused() } as const;
    const sockets = face === 'promise' ? attach(web, options, () => {}) : attachHandlers(web, options, {});
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => web.close());
    stubborn((web.address() as AddressInfo).port, bytes);
    await isRefused;
    await sockets.close({ timeout: 1 });
  }
});

test('a longer time, given later, puts nothing off', async () => {
  let refused!: () => void;
  const isRefused = new Promise<void>((resolve) => (refused = resolve));
  const options = { ...LOCAL, closeTimeout: false, authorize: () => false, onRefused: () => refused() } as const;
  const server = await serve(options, {});
  stubborn(server.port, REQUEST);
  await isRefused;
  const closed = server.close({ timeout: 20 });
  await server.close({ timeout: 1_000_000 });
  await closed;
});
