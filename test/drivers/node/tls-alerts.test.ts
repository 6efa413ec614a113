/** A fatal TLS alert, or a record that is none, once the TLS handshake is over: told at once, with its cause. */
import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Socket as NetSocket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Http2Pool, listen, open, type WebSocket } from '../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../support/certificates.ts';
import { keepWitness, rawServer, switching } from './client/support.ts';
import { GOOD } from './hostile.ts';

keepWitness();

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

const REFUSED = { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' };

/** A server of TLS 1.3 that refuses whoever shows no certificate, which a client learns after its own handshake. */
async function strictServer(options: object = {}): Promise<number> {
  const server = createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true, ...options });
  const sockets = new Set<NetSocket>();
  server.on('connection', (socket: NetSocket) => void sockets.add(socket));
  server.on('tlsClientError', () => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** An HTTP proxy. */
async function tunnel(): Promise<number> {
  const proxy = await rawServer((socket, head) => {
    const port = Number(/^CONNECT [^:]+:(\d+) /.exec(head)![1]);
    const onward = connectTcp(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
  });
  return proxy.port;
}

describe('a client whose certificate is refused', () => {
  test.each([
    ['over TCP', async () => ({})],
    ['over a proxy', async () => ({ proxy: `http://127.0.0.1:${await tunnel()}` })],
    ['over HTTP/2', async () => ({ http2: true as const })],
    ['over HTTP/2 in a pool', async () => ({ http2: new Http2Pool() })],
  ])('is told so at once %s, and that it is for good', async (_carrier, optionsOf) => {
    const port = await strictServer({ ALPNProtocols: ['h2', 'http/1.1'] });
    const options = { tls: { ca: tls.cert }, handshakeTimeout: false as const, ...(await optionsOf()) };
    const error = await open(`wss://127.0.0.1:${port}/`, options).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: 'HandshakeError', isTemporary: false, cause: REFUSED });
  });

  test('does not connect again and again', async () => {
    const port = await strictServer();
    const attempts: unknown[] = [];
    const connecting = open.reconnecting(`wss://127.0.0.1:${port}/`, {
      tls: { ca: tls.cert },
      baseDelay: 1,
      onState: (now) => now.state === 'waiting' && attempts.push(now.error),
    });
    await expect(connecting.next()).rejects.toMatchObject({ isTemporary: false, cause: REFUSED });
    expect(attempts).toEqual([]);
  });
});

/** A record of TLS that can't be decrypted. */
const GARBAGE = Buffer.concat([Buffer.of(0x17, 3, 3, 0, 32), Buffer.alloc(32, 0x5a)]);

describe.each(['client', 'server'])('a %s that gets a bad record', (role) => {
  test('is told so while it is open, without a write', async () => {
    const ours = await openOver(role);
    ours.inject(GARBAGE);
    const { code, error } = await ours.webSocket.closed;
    expect(code).toBe(1006);
    expect(error).toMatchObject({ name: 'ConnectionLostError' });
    expect((error!.cause as { code: string }).code).toMatch(/^ERR_SSL_/);
  });
});

/** A connection over TLS, and a way to put bytes of one's own on the wire to ours. */
async function openOver(role: string): Promise<{ webSocket: WebSocket; inject(bytes: Uint8Array): void }> {
  // The wire is a relay's.
  let toOurs!: NetSocket;
  let target = 0;
  const relay = createServer((socket) => {
    const onward = connectTcp(target, '127.0.0.1');
    toOurs = role === 'client' ? socket : onward;
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  onTestFinished(() => void relay.close());
  const { port } = relay.address() as AddressInfo;
  if (role === 'client') {
    const server = await rawServer((socket, head) => void socket.write(switching(head)), tls);
    target = server.port;
    const webSocket = await open(`wss://127.0.0.1:${port}/`, { tls: { ca: tls.cert } });
    return { webSocket, inject: (bytes) => void toOurs.write(bytes) };
  }
  let arrive!: (ws: WebSocket) => void;
  const arrival = new Promise<WebSocket>((resolve) => (arrive = resolve));
  const server = await listen({ host: '127.0.0.1', port: 0, tls }, (ws) => (arrive(ws), ws.closed));
  onTestFinished(() => server.close({ timeout: 0 }));
  target = server.port;
  const peer: TLSSocket = connectTls({ port, host: '127.0.0.1', ca: tls.cert });
  onTestFinished(() => void peer.destroy());
  peer.on('error', () => {}).write(`${GOOD}\r\n`);
  return { webSocket: await arrival, inject: (bytes) => void toOurs.write(bytes) };
}
