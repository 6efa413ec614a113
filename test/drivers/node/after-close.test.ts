/** What comes after one's own Close frame, and who ends the transport when both have been exchanged: RFC 6455 §7.1.1. */
import { once } from 'node:events';
import http2, { type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect as connectTcp, type Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listen, open, type WebSocket } from '../../../drivers/index.ts';
import { connect, serve, type Handlers } from '../../../drivers/node/index.ts';
import { type Certificate, makeCertificate } from '../../support/certificates.ts';
import { CLOSE, closePayload, frame, KEY, parseFrames } from '../../support/frames.ts';
import { GOOD } from './hostile.ts';
import { keepWitness, rawServer, switching } from './client/support.ts';

keepWitness();

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

const HUNDRED = Array.from({ length: 100 }, (_, i) => `${i}`);
const where = { host: '127.0.0.1', port: 0 };

async function sendAll(ws: WebSocket): Promise<void> {
  for (const text of HUNDRED) await ws.send(text);
}

async function receiveAll(ws: WebSocket): Promise<unknown[]> {
  const received: unknown[] = [];
  for await (const message of ws) received.push(message);
  return received;
}

async function echo(ws: WebSocket): Promise<void> {
  for await (const message of ws) await ws.send(message);
}

describe.each(['TCP', 'TLS', 'HTTP/2'])('over %s', (carrier) => {
  const ofServer = () => ({ ...where, ...(carrier === 'TLS' ? { tls } : {}), http2: carrier === 'HTTP/2' });
  const ofClient = () => ({ tls: { ca: tls.cert }, http2: carrier === 'HTTP/2' });

  test('a client that loops, sends a hundred messages and closes gets a hundred answers', async () => {
    const server = await listen(ofServer(), echo);
    onTestFinished(() => server.close({ timeout: 0 }));
    const ws = await open(server.url, ofClient());
    const received = receiveAll(ws);
    await sendAll(ws);
    const info = await ws.close();
    expect(await received).toEqual(HUNDRED);
    expect(info).toMatchObject({ code: 1000, clean: true });
    expect(info).not.toHaveProperty('dropped');
  });

  test('a server that does so, likewise', async () => {
    let done!: (received: unknown[]) => void;
    const result = new Promise<unknown[]>((resolve) => (done = resolve));
    const server = await listen(ofServer(), async (ws) => {
      const received = receiveAll(ws);
      await sendAll(ws);
      await ws.close();
      done(await received);
    });
    onTestFinished(() => server.close({ timeout: 0 }));
    const ws = await open(server.url, ofClient());
    await echo(ws);
    expect(await result).toEqual(HUNDRED);
  });

  test('the handlers of the event face get them all', async () => {
    const received: unknown[] = [];
    const echoing: Handlers = { message: (socket, data) => void socket.send(data) };
    const server = await serve(ofServer(), echoing);
    onTestFinished(() => server.stopListening());
    const info = await new Promise((resolve) => {
      connect(server.url, ofClient(), {
        open: (socket) => {
          for (const text of HUNDRED) socket.send(text);
          socket.close(1000);
        },
        message: (_socket, data) => void received.push(data),
        close: (_socket, closeInfo) => resolve(closeInfo),
      });
    });
    expect(received).toEqual(HUNDRED);
    expect(info).toMatchObject({ code: 1000, clean: true });
  });
});

describe('a server that answers the Close frame and never ends the transport', () => {
  test.each([false, true])(
    'is left by a client that closes first, without a deadline of its own (TLS: %s)',
    async (secure) => {
      let peer!: NetSocket;
      const server = await rawServer(
        (socket, head) => {
          peer = socket;
          socket.write(switching(head));
          socket.on('data', (chunk) => {
            const [close] = parseFrames(new Uint8Array(chunk));
            if (close?.opcode === CLOSE) socket.write(frame({ opcode: CLOSE, payload: closePayload(1000) }));
          });
        },
        secure ? { ...tls, allowHalfOpen: true } : undefined,
      );
      const url = `${secure ? 'wss' : 'ws'}://127.0.0.1:${server.port}/`;
      const ws = await open(url, { closeTimeout: false, tls: { ca: tls.cert } });
      const ended = new Promise((resolve) => peer.once('end', resolve));
      expect(await ws.close()).toMatchObject({ code: 1000, clean: true, error: undefined });
      await ended; // a FIN, and no reset
    },
  );

  test('is left at once over HTTP/2, and by END_STREAM', async () => {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const arrival = once(server, 'stream') as Promise<[ServerHttp2Stream]>;
    const opening = open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      http2: true,
      closeTimeout: false,
    });
    const [stream] = await arrival;
    stream.respond({ ':status': 200 });
    const ws = await opening;
    const ended = once(stream, 'end');
    const closing = ws.close();
    await once(stream, 'data');
    stream.write(frame({ opcode: CLOSE, payload: closePayload(1000) }));
    await ended;
    expect(stream.rstCode).toBe(0);
    expect(await closing).toMatchObject({ code: 1000, clean: true });
  });
});

describe('a client that never ends it', () => {
  const LARGE = new Uint8Array(1_000_000).fill(7);
  const last = (): Uint8Array => frame({ opcode: CLOSE, payload: closePayload(4001), key: KEY });

  async function serving(options: object): Promise<{ url: string; closed: Promise<unknown> }> {
    let done!: (info: unknown) => void;
    const closed = new Promise((resolve) => (done = resolve));
    const server = await listen({ ...where, closeTimeout: false, ...options }, async (ws) => {
      await ws.send(LARGE).catch(() => {}); // the Close frame may come first
      done(await ws.closed);
    });
    onTestFinished(() => server.close({ timeout: 0 }));
    return { url: server.url, closed };
  }

  /** Reads to the end of what the server sends. */
  async function readAll(stream: Duplex): Promise<Buffer> {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(stream, 'end');
    return Buffer.concat(chunks);
  }

  test.each(['TCP', 'TLS'])(
    'is waited for a second, and lost nothing that was sent before, over %s',
    async (carrier) => {
      const { url, closed } = await serving(carrier === 'TLS' ? { tls } : {});
      const to = { port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true };
      const socket = carrier === 'TLS' ? connectTls({ ...to, ca: tls.cert }) : connectTcp(to);
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => {}).write(`${GOOD}\r\n`);
      socket.write(last());
      const got = await readAll(socket);
      expect(await closed).toMatchObject({ code: 4001, clean: true, error: undefined });
      const frames = parseFrames(new Uint8Array(got.subarray(got.indexOf('\r\n\r\n') + 4)));
      expect(frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([
        [2, LARGE.length],
        [CLOSE, 2],
      ]);
    },
  );

  test('over HTTP/2 likewise, whose streams have nothing to wait for', async () => {
    const { url, closed } = await serving({ http2: true });
    const session = http2.connect(url.replace('ws:', 'http:'));
    onTestFinished(() => session.destroy());
    await once(session, 'remoteSettings');
    const stream = session.request(
      {
        ...{
          ':method': 'CONNECT',
          ':protocol': 'websocket',
          ':scheme': 'http',
          ':path': '/',
          ':authority': '127.0.0.1',
        },
        'sec-websocket-version': '13',
      },
      { endStream: false },
    );
    stream.on('error', () => {});
    await once(stream, 'response');
    stream.write(last());
    const got = await readAll(stream);
    expect(await closed).toMatchObject({ code: 4001, clean: true, error: undefined });
    const frames = parseFrames(new Uint8Array(got));
    expect(frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([
      [2, LARGE.length],
      [CLOSE, 2],
    ]);
  });
});
