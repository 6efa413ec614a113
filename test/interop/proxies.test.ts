/**
 * nginx and HAProxy from Debian in front of our server, with the very configurations of docs/deploy: only ports and the
 * idle timeouts are others. Each is skipped where it is not installed.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attach, listen, open, type NodeClientOptions, type Server, type WebSocket } from '../../drivers/index.ts';
import { connect } from '../../drivers/node/index.ts';
import { makeCertificate } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { ROOT } from '../support/source.ts';

interface Proxy {
  readonly command: string;
  readonly configuration: string;
  /** What runs it in the foreground, as a child of ours and nobody else. */
  args(path: string, folder: string): string[];
}

const PROXIES: Record<string, Proxy> = {
  nginx: {
    command: '/usr/sbin/nginx',
    configuration: 'docs/deploy/nginx.conf',
    args: (path, folder) => [
      ...['-p', folder, '-c', path, '-e', 'stderr'],
      ...['-g', `daemon off; master_process off; pid ${folder}/nginx.pid;`],
    ],
  },
  haproxy: {
    command: '/usr/sbin/haproxy',
    configuration: 'docs/deploy/haproxy.cfg',
    args: (path, folder) => ['-db', '-C', folder, '-f', path],
  },
};

/** Until it accepts connections, or has ended without doing so. */
async function untilListening(port: number, child: ChildProcess, output: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it has ended: ${output()}`);
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connectTcp(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Running {
  readonly url: string;
  readonly client: NodeClientOptions;
  stop(): void;
}

/** Runs a proxy with its configuration in front of this port. */
async function start(proxy: Proxy, configuration: string, serverPort: number): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-proxy-'));
  const port = await freePort();
  const { cert, key } = makeCertificate('DNS:localhost');
  writeFileSync(join(folder, 'site.pem'), cert);
  writeFileSync(join(folder, 'site.key'), key);
  writeFileSync(join(folder, 'site.both'), cert + key);
  const path = join(folder, 'configuration');
  const text = readFileSync(join(ROOT, configuration), 'utf8')
    .replaceAll('8080', String(serverPort))
    .replace(/(?<=listen |bind ):?8443/, `127.0.0.1:${port}`)
    .replaceAll('60s', '1s');
  writeFileSync(path, text);
  let output = '';
  const child = spawn(proxy.command, proxy.args(path, folder), { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (more) => (output += more));
  const stop = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  };
  try {
    await untilListening(port, child, () => output);
  } catch (error) {
    stop();
    throw error;
  }
  return { url: `wss://localhost:${port}`, client: { tls: { ca: cert }, pingInterval: false }, stop };
}

const isInstalled = ({ command }: Proxy): boolean => spawnSync(command, ['-v'], { stdio: 'ignore' }).status === 0;

/** All kinds of messages, there and back. */
async function exchange(url: string, options: NodeClientOptions): Promise<void> {
  await open(url, { ...options, origin: url.replace('wss', 'https') }, async (ws) => {
    for (const message of ['text', Uint8Array.of(1, 2), '', 'x'.repeat(1_000_000), new Uint8Array(300_000)]) {
      await ws.send(message);
      const received = await ws.receive();
      // Compared as a whole: `toEqual` looks at every byte by itself.
      expect([typeof received, Buffer.from(message as string).equals(Buffer.from(received as string))]).toEqual([
        typeof message,
        true,
      ]);
    }
  });
}

/** As many pings as fill twice the proxy's timeout, counted where they arrive; then a message still comes back. */
async function keep(url: string, options: NodeClientOptions): Promise<void> {
  const kept = await new Promise<{ pings: number; end: number | undefined }>((resolve) => {
    let pings = 0;
    connect(url, options, {
      ping(socket) {
        if (++pings === 20) socket.send('still there');
      },
      message(socket) {
        resolve({ pings, end: undefined });
        socket.close();
      },
      close: (_socket, { code }) => resolve({ pings, end: code }),
    });
  });
  expect(kept).toEqual({ pings: 20, end: undefined });
}

/** `close` of the server tells ten clients 1001. */
async function drain(url: string, options: NodeClientOptions, server: Server): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 10 }, () => open(url, options)));
  await server.close();
  const ends = await Promise.all(clients.map((ws) => ws.closed));
  expect(ends.map(({ code, clean }) => [code, clean])).toEqual(Array(10).fill([1001, true]));
}

describe.each(Object.entries(PROXIES))('%s', (_, proxy) => {
  describe.skipIf(!isInstalled(proxy))('in front of our server (skipped where it is not installed)', () => {
    const sockets = new Set<WebSocket>();
    let running: Running;
    let http: HttpServer;
    let servers: Server[];
    let url: string;
    let client: NodeClientOptions;

    beforeAll(async () => {
      const echo = async (ws: WebSocket) => {
        sockets.add(ws);
        for await (const message of ws) await ws.send(message);
      };
      http = createHttpServer();
      servers = [
        attach(http, { path: '/', pingInterval: 100 }, echo),
        attach(http, { path: '/quiet', pingInterval: false }, echo),
      ];
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      running = await start(proxy, proxy.configuration, (http.address() as AddressInfo).port);
      ({ url, client } = running);
    });

    afterAll(async () => {
      running.stop();
      for (const server of servers) await server.close({ timeout: 1 });
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });

    test('TLS ends there, and all kinds of messages go through', () => exchange(url, client));

    test('the server refuses a foreign origin, and the client is told the status through it', async () => {
      const opening = open(url, { ...client, origin: 'https://elsewhere.example' });
      await expect(opening).rejects.toMatchObject({ name: 'HandshakeError', response: { status: 403 } });
    });

    test('the closing handshake goes through, whoever begins', async () => {
      const ws = await open(url, client);
      expect(await ws.close(3000, 'mine')).toMatchObject({ code: 3000, reason: 'mine', clean: true });
      const other = await open(url, client);
      await other.send('so that the server has it');
      await other.receive();
      void [...sockets].at(-1)!.close(3001, 'theirs');
      expect(await other.closed).toMatchObject({ code: 3001, reason: 'theirs', clean: true });
    });

    test('it ends what is idle for its timeout, and our pings keep a connection from being so', async () => {
      const quiet = await open(`${url}/quiet`, client);
      await keep(url, client);
      expect(await quiet.closed).toMatchObject({ code: 1006, clean: false });
    });

    test('a graceful drain: close() tells every client 1001', () => drain(url, client, servers[0]));
  });
});

describe('haproxy, with HTTP/2', () => {
  describe.skipIf(!isInstalled(PROXIES.haproxy))('in front of our server (skipped where it is not installed)', () => {
    const versions = new Set<string>();
    let running: Running;
    let server: Server;

    beforeAll(async () => {
      server = await listen({ host: '127.0.0.1', port: 0, pingInterval: 100, http2: true }, async (ws) => {
        versions.add(ws.request!.version);
        for await (const message of ws) await ws.send(message);
      });
      running = await start(PROXIES.haproxy, 'docs/deploy/haproxy-http2.cfg', server.port);
    });
    afterAll(async () => {
      running.stop();
      await server.close({ timeout: 1 });
    });

    test('to the back end, whatever the client speaks: all kinds of messages go through', async () => {
      await exchange(running.url, running.client);
      await exchange(running.url, { ...running.client, http2: true });
      expect([...versions]).toEqual(['2']);
    });
    test('our pings keep a connection', () => keep(running.url, running.client));
    test('a graceful drain: close() tells every client 1001', () => drain(running.url, running.client, server));
  });
});
