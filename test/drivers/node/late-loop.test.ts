/**
 * The event loop stands still past a deadline while the answer lies in the kernel already: Node runs timers before it
 * reads. What has come is read before anything is judged. `block` stands for a long computation, a debugger or SIGSTOP.
 */
import { once } from 'node:events';
import http2, { type ServerHttp2Stream } from 'node:http2';
import { connect as connectTcp, type AddressInfo, type Socket as NetSocket } from 'node:net';
import { connect as connectTls, createSecureContext, createServer as createTlsServer } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listen, open, type WebSocket } from '../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../support/certificates.ts';
import { CLOSE, closePayload, frame, KEY, parseFrames, PING, PONG } from '../../support/frames.ts';
import { keepWitness, rawServer, switching } from './client/support.ts';
import { GOOD } from './hostile.ts';

keepWitness();

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

/** How long a deadline is here, and how long the loop stands still: with and without time for another round trip. */
const DEADLINE = 400;
const STALL = DEADLINE + 100;
const LONG_STALL = DEADLINE + 1100;

/** Nothing runs meanwhile. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

interface Duel {
  readonly ours: WebSocket;
  readonly peer: NetSocket;
  readonly key: typeof KEY | undefined;
}

type Options = { closeTimeout?: number; pingInterval?: number; pongTimeout?: number };

async function duel(role: string, secure: boolean, options: Options): Promise<Duel> {
  if (role === 'client') {
    let arrive!: (socket: NetSocket) => void;
    const arrival = new Promise<NetSocket>((resolve) => (arrive = resolve));
    const server = await rawServer(
      (socket, head) => {
        socket.write(switching(head));
        arrive(socket);
      },
      secure ? tls : undefined,
    );
    const url = `${secure ? 'wss' : 'ws'}://127.0.0.1:${server.port}/`;
    const ours = await open(url, { tls: { ca: tls.cert }, ...options });
    onTestFinished(() => ours.terminate());
    return { ours, peer: await arrival, key: undefined };
  }
  let arrive!: (ws: WebSocket) => void;
  const arrival = new Promise<WebSocket>((resolve) => (arrive = resolve));
  const where = { host: '127.0.0.1', port: 0 };
  const server = await listen({ ...where, ...(secure ? { tls } : {}), ...options }, (ws) => (arrive(ws), ws.closed));
  onTestFinished(() => server.close({ timeout: 0 }));
  const to = { port: server.port, host: '127.0.0.1', ca: tls.cert };
  const peer: NetSocket = secure ? connectTls(to) : connectTcp(to);
  onTestFinished(() => void peer.destroy());
  peer.on('error', () => {}).write(`${GOOD}\r\n`);
  await once(peer, 'data');
  return { ours: await arrival, peer, key: KEY };
}

/** The peer answers the first frame with this opcode, and the loop stands still. */
async function answerAndBlock({ peer, key }: Duel, asked: number, answer: (payload: Uint8Array) => Uint8Array | void) {
  for (;;) {
    const [chunk] = (await once(peer, 'data')) as [Buffer];
    const found = parseFrames(new Uint8Array(chunk)).find(({ opcode }) => opcode === asked);
    if (found === undefined) continue;
    const opcode = asked === PING ? PONG : CLOSE;
    peer.write(frame({ opcode, payload: answer(found.payload) ?? found.payload, key }));
    if (asked === CLOSE) peer.end();
    // TLS writes what it has made of this by the end of the turn.
    return setImmediate(() => block(STALL));
  }
}

describe.each([
  ['client', 'TCP'],
  ['client', 'TLS'],
  ['server', 'TCP'],
  ['server', 'TLS'],
])('a %s over %s', (role, carrier) => {
  test('takes the pong that had come in time', async () => {
    const both = await duel(role, carrier === 'TLS', { pingInterval: DEADLINE / 2, pongTimeout: DEADLINE });
    const answered = once(both.peer, 'data');
    await answerAndBlock(both, PING, () => {});
    await answered;
    // The next ping: the connection has lived on.
    await once(both.peer, 'data');
    expect(both.ours.state).toBe('open');
  });

  test('takes the Close frame, and the end behind it', async () => {
    const both = await duel(role, carrier === 'TLS', { closeTimeout: DEADLINE });
    const closed = both.ours.close(4000);
    await answerAndBlock(both, CLOSE, () => closePayload(4001));
    expect(await closed).toMatchObject({ code: 4001, clean: true });
  });
});

test('a client takes the 101', async () => {
  const server = await rawServer((socket, head) => {
    socket.write(switching(head));
    block(STALL);
  });
  const ours = await open(`ws://127.0.0.1:${server.port}/`, { handshakeTimeout: DEADLINE });
  ours.terminate();
});

test.each(['TCP', 'HTTP/2 with prior knowledge'])('a server takes the request over %s', async (carrier) => {
  const isHttp2 = carrier !== 'TCP';
  const server = await listen(
    { host: '127.0.0.1', port: 0, handshakeTimeout: DEADLINE, http2: isHttp2 },
    (ws) => ws.closed,
  );
  onTestFinished(() => server.close({ timeout: 0 }));
  const peer = connectTcp(server.port, '127.0.0.1');
  onTestFinished(() => void peer.destroy());
  await once(peer, 'connect');
  await new Promise((resolve) => setImmediate(resolve));
  peer.write(`${GOOD}\r\n`);
  block(STALL);
  const [head] = (await once(peer, 'data')) as [Buffer];
  expect(head.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
});

test('a TLS server takes the handshake that went on while its loop stood still', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0, tls, handshakeTimeout: DEADLINE }, (ws) => ws.closed);
  onTestFinished(() => server.close({ timeout: 0 }));
  const peer = connectTls({ port: server.port, host: '127.0.0.1', ca: tls.cert });
  onTestFinished(() => void peer.destroy());
  peer.write(`${GOOD}\r\n`);
  // The ClientHello is on its way.
  peer.once('connect', () => setImmediate(() => block(LONG_STALL)));
  const [head] = (await once(peer, 'data')) as [Buffer];
  expect(head.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
});

test('a client takes the TLS handshake’s answer, and has time for what follows', async () => {
  const context = createSecureContext(tls);
  const sockets: NetSocket[] = [];
  const server = createTlsServer({
    ...tls,
    SNICallback: (_name, done) => {
      done(null, context);
      setImmediate(() => block(LONG_STALL));
    },
  });
  server.on('secureConnection', (socket) => {
    sockets.push(socket);
    socket.once('data', (chunk) => socket.write(switching(chunk.toString('latin1'))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => (server.close(), sockets.forEach((socket) => socket.destroy())));
  const url = `wss://localhost:${(server.address() as AddressInfo).port}/`;
  const ours = await open(url, { handshakeTimeout: DEADLINE, family: 4, tls: { ca: tls.cert } });
  ours.terminate();
});

test.each(['http', 'socks5'])(
  'a client takes the answer of an %s proxy, and has time for what follows',
  async (kind) => {
    // Loaded when it is needed, which takes long in here.
    await import('../../../drivers/node/client/socks.ts');
    const target = await rawServer((socket, head) => void socket.write(switching(head)));
    const proxy = await (kind === 'http' ? rawServer : socksServer)((socket) => {
      const onward = connectTcp(target.port, '127.0.0.1', () => {
        socket.pipe(onward).pipe(socket);
        socket.write(kind === 'http' ? 'HTTP/1.1 200 OK\r\n\r\n' : Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 80));
        block(LONG_STALL);
      });
      onward.on('error', () => {});
      socket.on('close', () => onward.destroy());
    });
    const ours = await open('ws://127.0.0.1:9/', {
      proxy: `${kind}://127.0.0.1:${proxy.port}`,
      handshakeTimeout: DEADLINE,
    });
    ours.terminate();
  },
);

/** A SOCKS5 proxy without authentication, up to the request for a connection. */
async function socksServer(script: (socket: NetSocket) => void): Promise<{ port: number }> {
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once('data', () => script(socket));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port };
}

test('a client over HTTP/2 takes the pong, and the answer to its request', async () => {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const arrival = new Promise<ServerHttp2Stream>((resolve) =>
    server.once('stream', (stream) => {
      stream.respond({ ':status': 200 });
      setImmediate(() => block(STALL));
      resolve(stream);
    }),
  );
  const ours = await open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    http2: true,
    handshakeTimeout: DEADLINE,
    pingInterval: DEADLINE / 2,
    pongTimeout: DEADLINE,
  });
  onTestFinished(() => ours.terminate());
  const stream = await arrival;
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  const [ping] = parseFrames(new Uint8Array(chunk));
  stream.write(frame({ opcode: PONG, payload: ping.payload }));
  setImmediate(() => block(STALL));
  await once(stream, 'data');
  expect(ours.state).toBe('open');
});
