/**
 * A signal that fires at whatever moment of an opening handshake, between any two of the microtasks that follow what the network
 * brings: `open` rejects or has opened by then, and no connection is left.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent as HttpAgent, createServer } from 'node:http';
import http2 from 'node:http2';
import { Agent as HttpsAgent, createServer as createHttpsServer } from 'node:https';
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  Socket,
} from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { attach, Http2Pool, type NodeClientOptions, open } from '../../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { echoServer, keepWitness } from './support.ts';

keepWitness();

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

async function portOf(server: { listen: Server['listen']; address(): unknown; close(): unknown }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** One that opens a tunnel to wherever it is asked to, by CONNECT. */
async function httpProxy(): Promise<string> {
  const server = createServer().on('connect', ({ url }, near: Duplex) => {
    const { hostname, port } = new URL(`http://${url}`);
    join(near, connectTcp(Number(port), hostname), 'HTTP/1.1 200 Fine\r\n\r\n');
  });
  return `http://127.0.0.1:${await portOf(server)}`;
}

/** One of SOCKS5 (RFC 1928) for addresses of IPv4, without credentials. */
async function socksProxy(): Promise<string> {
  const server = createTcpServer((near) => {
    near
      .on('error', () => {})
      .once('data', () => {
        near.write(Buffer.of(5, 0));
        near.once('data', (request) => {
          const host = request.subarray(4, 8).join('.');
          join(near, connectTcp(request.readUInt16BE(8), host), Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
        });
      });
  });
  return `socks5://127.0.0.1:${await portOf(server)}`;
}

function join(near: Duplex, far: Socket, answer: string | Buffer): void {
  far.once('connect', () => {
    near.write(answer);
    near.pipe(far).pipe(near);
  });
  for (const [one, other] of [
    [near, far],
    [far, near],
  ]) {
    one.on('error', () => {}).once('close', () => other.destroy());
  }
}

/** A server of HTTP/1.1 alone, or of HTTP/2 without a word about extended CONNECTs, over TLS. */
async function oldServer(isHttp2: boolean): Promise<string> {
  const web = isHttp2 ? http2.createSecureServer({ ...tls, allowHTTP1: true }) : createHttpsServer(tls);
  // Attached to something else, so that nothing is said about extended CONNECTs.
  const plain = createServer();
  const sockets = attach(plain, {}, (ws) => ws.closed);
  web.on('upgrade', (...args: unknown[]) => void plain.emit('upgrade', ...args));
  onTestFinished(() => sockets.close({ timeout: 1 }));
  return `wss://127.0.0.1:${await portOf(web as Server)}`;
}

const overTls = () => ({ tls: { ca: tls.cert } });

/** Where to, and how. What is made for one attempt is given with it. */
type Way = [name: string, start: () => Promise<[url: string, options: () => NodeClientOptions]>];

const WAYS: Way[] = [
  ['ws:', async () => [(await echoServer()).url, () => ({})]],
  ['wss:', async () => [(await echoServer({ tls })).url, overTls]],
  ['a proxy', async () => [(await echoServer()).url, withProxy(await httpProxy())]],
  ['a proxy, and TLS', async () => [(await echoServer({ tls })).url, withProxy(await httpProxy())]],
  ['a SOCKS proxy', async () => [(await echoServer()).url, withProxy(await socksProxy())]],
  ['a SOCKS proxy, and TLS', async () => [(await echoServer({ tls })).url, withProxy(await socksProxy())]],
  ['createConnection', async () => [(await echoServer()).url, () => ({ createConnection: connectTcp as never })]],
  [
    'a createConnection that takes its time',
    async () => [
      (await echoServer({ tls })).url,
      () => ({
        createConnection: async ({ host, port }) => {
          const stream = connectTls({ host, port, ca: tls.cert });
          await once(stream, 'secureConnect');
          return stream;
        },
      }),
    ],
  ],
  ['an agent', async () => [(await echoServer()).url, () => ({ agent: new HttpAgent() })]],
  [
    'an agent, and TLS',
    async () => [(await echoServer({ tls })).url, () => ({ ...overTls(), agent: new HttpsAgent() })],
  ],
  ['HTTP/2', async () => [(await echoServer({ http2: true })).url, () => ({ http2: true })]],
  [
    'HTTP/2 over TLS',
    async () => [(await echoServer({ http2: true, tls })).url, () => ({ ...overTls(), http2: true })],
  ],
  ['HTTP/2 that turns out to be HTTP/1.1', async () => [await oldServer(false), () => ({ ...overTls(), http2: true })]],
  ['HTTP/2 without WebSockets', async () => [await oldServer(true), () => ({ ...overTls(), http2: true })]],
  [
    'HTTP/2 with a pool',
    async () => [
      (await echoServer({ http2: true, tls })).url,
      () => ({ ...overTls(), http2: new Http2Pool({ idleTimeout: 0 }) }),
    ],
  ],
];

function withProxy(proxy: string): () => NodeClientOptions {
  return () => ({ proxy, ...overTls() });
}

const { emit } = Socket.prototype;

/** Calls back so many microtasks after the first event of this name that any socket emits; with none, before its listeners. */
function after(event: string, microtasks: number, callback: () => void): void {
  let isDue = true;
  Socket.prototype.emit = function (this: Socket, name: string, ...args: []): boolean {
    if (isDue && name === event) {
      isDue = false;
      void (async () => {
        for (let i = 0; i < microtasks; i++) await undefined;
        callback();
      })();
    }
    return emit.call(this, name as 'timeout', ...args);
  } as never;
}

const EVENTS = ['connect', 'secureConnect', 'data'];
const MOMENTS = EVENTS.flatMap((event) => Array.from({ length: 16 }, (_, i): [string, number] => [event, i]));

test.each(WAYS)('over %s', async (_, start) => {
  const [url, options] = await start();
  const sockets = new Set<Socket>();
  const track = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  subscribe('net.client.socket', track);
  onTestFinished(() => void unsubscribe('net.client.socket', track));
  const outcomes = new Set<string>();
  onTestFinished(() => void (Socket.prototype.emit = emit));
  for (const [event, microtasks] of MOMENTS) {
    const controller = new AbortController();
    after(event, microtasks, () => controller.abort());
    const outcome = await open(url, { ...options(), signal: controller.signal }).then(
      async (ws) => {
        await ws.close();
        return 'opened';
      },
      ({ name }: Error) => name,
    );
    Socket.prototype.emit = emit;
    outcomes.add(outcome);
    const message = `${microtasks} microtasks after '${event}'`;
    await expect.poll(() => sockets.size, { interval: 1, message }).toBe(0);
  }
  expect([...outcomes].filter((outcome) => outcome !== 'opened')).toEqual(['AbortError']);
});
