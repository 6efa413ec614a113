import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import * as main from '../../drivers/index.ts';
import { attach, isUpgrade, listen, open, upgrade, type Server, type WebSocket } from '../../drivers/index.ts';
import { rejection } from './promise/connected.ts';
import { echo } from './promise/piped.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const MIB = 1024 * 1024;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serving(...args: Parameters<typeof listen>): Promise<Server> {
  const server = await listen(...args);
  cleanups.push(() => server.close({ timeout: 1000 }));
  return server;
}

async function httpServing(server = createServer((_request, response) => response.end('plain'))): Promise<HttpServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

function portOf(server: HttpServer): number {
  return (server.address() as AddressInfo).port;
}

/** What a server answers to these bytes, as text. */
async function answerTo(port: number, request: string): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.end(request);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

const BAD_REQUEST =
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n';

test('the main entry has what the public contract names', () => {
  expect(Object.keys(main).sort()).toEqual([
    'ConnectionLostError',
    'HandshakeError',
    'Http2Pool',
    'InvalidStateError',
    'ProtocolError',
    'Server',
    'TimeoutError',
    'WaitTimeoutError',
    'WebSocket',
    'WebSocketError',
    'attach',
    'broadcast',
    'isUpgrade',
    'listen',
    'open',
    'toDuplex',
    'toStreams',
    'upgrade',
  ]);
});

describe('listen and open', () => {
  test('real traffic goes over and comes back: scripts, sizes up to 8 MiB, fragments, pings, ten at once', async () => {
    const server = await serving(LOCAL, echo);
    expect(server.url).toBe(`ws://127.0.0.1:${server.port}`);
    expect(server.address).toMatchObject({ address: '127.0.0.1', port: server.port });
    const messages = ['', 'Grüße, κόσμε, 世界, 🌍', new Uint8Array(0), new Uint8Array(MIB).map((_, i) => i % 251)];
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, id) =>
        open(server.url, async (ws) => {
          for (const message of messages) {
            await ws.send(message);
            const received = await ws.receive();
            expect(received.length).toBe(message.length);
            expect(Buffer.from(received as string).equals(Buffer.from(message as string))).toBe(true);
          }
          await ws.send([`connection `, `${id}`]);
          expect(await ws.receive()).toBe(`connection ${id}`);
          expect(await ws.ping()).toBeGreaterThan(0);
          expect(ws.remoteAddress).toBe('127.0.0.1');
          return id;
        }),
      ),
    );
    expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await open(server.url, async (ws) => {
      const big = new Uint8Array(8 * MIB).fill(7);
      await ws.send(big);
      expect(Buffer.from((await ws.receive()) as Uint8Array).equals(big)).toBe(true);
      const sending = ws.send(big);
      let bytes = 0;
      for await (const chunk of ws.receiveStream()) bytes += chunk.length;
      expect(bytes).toBe(8 * MIB);
      await sending;
    });
  });

  test('over a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'socket');
    const server = await listen({ socketPath: path }, echo);
    expect([server.address, server.port]).toEqual([path, 0]);
    await open('ws://localhost/', { socketPath: path }, async (ws) => {
      await ws.send('a');
      expect(await ws.receive()).toBe('a');
    });
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  test.each(['socket', 'a b:c%41?d#e.sock', '/socket', '\\pipe'])(
    'the URL of a Unix socket reaches it: %s',
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
      cleanups.push(() => rmSync(folder, { recursive: true }));
      const path = name.startsWith('/') ? `/${folder}/socket` : `${folder}/${name}`;
      const server = await listen({ socketPath: path }, async (ws) => ws.send(ws.request!.target));
      expect(await open(server.url, (ws) => ws.receive())).toBe('/');
      expect(await open(`${server.url}/chat`, (ws) => ws.receive())).toBe('/chat');
      await server.close();
    },
  );

  test('a port that is taken rejects listen; a port where nobody listens rejects open', async () => {
    const server = await serving(LOCAL, echo);
    expect(await rejection(listen({ host: '127.0.0.1', port: server.port }, echo))).toMatchObject({
      code: 'EADDRINUSE',
    });
    await server.close();
    const error = await rejection(open(server.url));
    expect(error).toBeInstanceOf(main.HandshakeError);
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('misuse rejects', async () => {
    expect(await rejection(open('http//nowhere'))).toBeInstanceOf(SyntaxError);
    expect(await rejection(open('ws://127.0.0.1/#fragment'))).toBeInstanceOf(SyntaxError);
    expect(await rejection(open('ws://127.0.0.1/', { maxMessageSize: -1 }))).toBeInstanceOf(RangeError);
    expect(await rejection(listen(LOCAL, undefined as never))).toBeInstanceOf(TypeError);
    expect(await rejection(listen({ ...LOCAL, pingInterval: -1 }, echo))).toBeInstanceOf(RangeError);
  });

  test('a signal ends an opening that nobody answers', async () => {
    const mute = await httpServing();
    mute.on('upgrade', () => {});
    const controller = new AbortController();
    const opening = open(`ws://127.0.0.1:${portOf(mute)}`, { signal: controller.signal });
    await once(mute, 'upgrade');
    controller.abort();
    expect(await rejection(opening)).toMatchObject({ name: 'AbortError' });
    mute.closeAllConnections();
  });

  test('nothing is thrown when a peer vanishes and nobody awaits anything', async () => {
    const server = await serving(LOCAL, (ws) => {
      void ws.send('a'.repeat(MIB));
      void ws.receive();
      void ws.ping();
      return new Promise(() => {});
    });
    const ws = await open(server.url);
    void ws.receive();
    await ws.ping();
    void ws.ping();
    ws.terminate();
    await ws.closed;
    void ws.send('late');
    void ws.receive();
    await server.close({ timeout: 0 });
  });

  test('a peer that goes is found out, even when nobody receives and the queue is full', async () => {
    let ended!: (code: number) => void;
    const end = new Promise<number>((resolve) => (ended = resolve));
    const server = await serving({ ...LOCAL, pingInterval: 20 }, async (ws) => ended((await ws.closed).code));
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.write(`${BAD_REQUEST.trimEnd()}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`);
    await once(socket, 'data');
    socket.write(Buffer.from(Array.from({ length: 40 }, () => [0x81, 0x81, 0, 0, 0, 0, 0x78]).flat()));
    // What comes back now is a ping: the server has read that, and stopped reading.
    await once(socket, 'data');
    socket.destroy();
    expect(await end).toBe(1006);
  });
});

describe('upgrade', () => {
  test('serves the upgrades of an HTTP server of one’s own', async () => {
    const http = await httpServing();
    http.on('upgrade', async (request, stream, head) => {
      expect(isUpgrade(request)).toBe(true);
      const ws = await upgrade(request, stream, head, { subprotocols: ['chat'] });
      await ws.send(`${ws.url} ${ws.protocol}`);
      await ws.close(4000);
    });
    const url = `ws://127.0.0.1:${portOf(http)}/path?query`;
    const ws = await open(url, { subprotocols: ['chat'] });
    expect(await ws.receive()).toBe(`${url} chat`);
    expect(await ws.closed).toMatchObject({ code: 4000, clean: true });
    expect(await (await fetch(`http://127.0.0.1:${portOf(http)}/`)).text()).toBe('plain');
  });

  test('what came with the request is not lost', async () => {
    const http = await httpServing();
    const received = new Promise((resolve) => {
      http.on('upgrade', async (request, stream, head) => {
        expect(head.length).toBeGreaterThan(0);
        resolve(await (await upgrade(request, stream, head)).receive());
      });
    });
    const request = `${BAD_REQUEST.trimEnd()}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    const socket = connectTcp(portOf(http), '127.0.0.1');
    socket.write(Buffer.concat([Buffer.from(request), frame]));
    expect(await received).toBe('hi');
    socket.destroy();
  });

  test('rejects with a HandshakeError when the request is refused, which has its answer', async () => {
    const http = await httpServing();
    const errors: unknown[] = [];
    http.on('upgrade', (request, stream, head) => {
      upgrade(request, stream, head).catch((error: unknown) => errors.push(error));
    });
    expect(await answerTo(portOf(http), BAD_REQUEST)).toMatch(/^HTTP\/1\.1 400 /);
    expect(errors).toEqual([expect.any(main.HandshakeError)]);
  });

  test('rejects misuse', async () => {
    const http = await httpServing();
    const failure = new Promise((resolve) => {
      http.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
        upgrade(request, stream, head, { receiveQueue: -1 }).catch(resolve);
        stream.destroy();
      });
    });
    expect(await rejection(open(`ws://127.0.0.1:${portOf(http)}`))).toBeInstanceOf(main.HandshakeError);
    expect(await failure).toBeInstanceOf(RangeError);
  });
});

describe('attach', () => {
  test('takes the upgrades of some paths and leaves the others alone', async () => {
    const http = await httpServing();
    const one = attach(http, { path: '/one' }, (ws) => ws.send('one'));
    const two = attach(http, { path: ['/two', '/zwei'] }, (ws) => ws.send('two'));
    const rest = attach(http, { path: (path) => path.startsWith('/rest/') }, (ws) => ws.send('rest'));
    http.on('upgrade', (request: IncomingMessage, stream: Duplex) => {
      if (request.url === '/other') stream.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    });
    const base = `ws://127.0.0.1:${portOf(http)}`;
    expect([one.url, one.port, one.address]).toEqual([base, portOf(http), http.address()]);
    const ask = (path: string) => open(base + path, (ws: WebSocket) => ws.receive());
    expect(await Promise.all(['/one', '/two?q', '/zwei', '/rest/of/it'].map(ask))).toEqual([
      'one',
      'two',
      'two',
      'rest',
    ]);
    expect(await rejection(ask('/other'))).toMatchObject({ response: { status: 404 } });
    for (const server of [one, two, rest]) await server.close();
  });

  test('closing it says goodbye to its connections and leaves the HTTP server as it is', async () => {
    const http = await httpServing();
    const server = attach(http, {}, echo);
    const ws = await open(`ws://127.0.0.1:${portOf(http)}`);
    expect(server.connections.size).toBe(1);
    await server.close({ code: 1012 });
    expect(await ws.closed).toMatchObject({ code: 1012, clean: true });
    expect(server.connections.size).toBe(0);
    expect(await (await fetch(`http://127.0.0.1:${portOf(http)}/`)).text()).toBe('plain');
    expect(http.listenerCount('upgrade')).toBe(0);
  });

  test('throws for misuse, and listens to nothing then', async () => {
    const http = await httpServing();
    expect(() => attach(http, { maxFragments: -1 }, echo)).toThrow(RangeError);
    expect(() => attach(http, {}, undefined as never)).toThrow(TypeError);
    expect(http.listenerCount('upgrade')).toBe(0);
  });
});
