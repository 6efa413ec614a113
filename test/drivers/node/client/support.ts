/** Servers for the client's tests: real sockets on 127.0.0.1, each ended by the test that made it. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from 'vitest';
import { listen, open, type Server as WebSocketServer, type WebSocket } from '../../../../drivers/index.ts';
import type { NodeServerOptions } from '../../../../drivers/node/index.ts';

/** What a raw server does with a connection once the head of its request is there. */
export type Script = (socket: Socket, head: string) => void;

export interface RawServer {
  readonly port: number;
  /** The heads that came, in order. */
  readonly heads: readonly string[];
  /** How many connections there are now. */
  readonly sockets: ReadonlySet<Socket>;
}

/** A server that answers opening handshakes with whatever the script says. */
export async function rawServer(script: Script, tls?: TlsOptions, host = '127.0.0.1'): Promise<RawServer> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let head = '';
    socket.on('data', function onData(chunk: Buffer) {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      heads.push(head);
      script(socket, head);
    });
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.on('tlsClientError', () => {});
  await listening(server, host);
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, heads, sockets };
}

/** A server that accepts connections and never says a word. */
export async function silentServer(): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.resume();
  });
  await listening(server, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as AddressInfo).port, heads: [], sockets };
}

/** A server of the package that sends back what it gets. */
export async function echoServer(options: NodeServerOptions = {}): Promise<WebSocketServer> {
  const where = options.socketPath === undefined ? { host: '127.0.0.1', port: 0 } : {};
  const server = await listen({ ...where, ...options }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  onTestFinished(() => server.close({ timeout: 0 }));
  return server;
}

/**
 * A connection to another server of this process, opened before a file's tests: after each of them it is served still.
 * Whatever a server did to one connection is no matter to another.
 */
export function keepWitness(): void {
  let server: WebSocketServer;
  let witness: WebSocket;
  beforeAll(async () => {
    server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
      for await (const message of ws) await ws.send(message);
    });
    witness = await open(server.url);
  });
  afterEach(async () => {
    await witness.send('still here');
    expect(await witness.receive()).toBe('still here');
  });
  afterAll(async () => {
    expect((await witness.close()).clean).toBe(true);
    await server.close();
  });
}

/**
 * A port that listens and where no TCP connection comes about: its process never accepts any, and its queue is full. Undefined
 * where the system has room for more than a few all the same.
 */
export async function fullPort(): Promise<number | undefined> {
  const worker = new Worker(
    `const { createServer } = require('node:net');
    const { parentPort } = require('node:worker_threads');
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      // Node accepts as fast as it can, unless it does nothing at all any more.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`,
    { eval: true },
  );
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const fillers: Socket[] = [];
  onTestFinished(async () => {
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
  });
  for (let i = 0; i < 8; i++) {
    const filler = connect({ port, host: '127.0.0.1' }).on('error', () => {});
    fillers.push(filler);
    const isThrough = await Promise.race([once(filler, 'connect').then(() => true), sleep(300).then(() => false)]);
    if (!isThrough) return port;
  }
  return undefined;
}

/** What answers the key in a request's head. */
export function acceptOf(head: string): string {
  const key = /^sec-websocket-key: (.*)\r$/im.exec(head)![1];
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** A 101 for a request, with these lines in place of the usual ones. */
export function switching(head: string, lines: Record<string, string | undefined> = {}, version = '1.1'): string {
  const fields = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': acceptOf(head), ...lines };
  const text = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}\r\n`));
  return `HTTP/${version} 101 Switching Protocols\r\n${text.join('')}\r\n`;
}

/** The value of a field in a head, or undefined. */
export function fieldOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1];
}

function listening(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, host, resolve);
  });
}
