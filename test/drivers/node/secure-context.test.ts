/** A server's key and certificate are replaced while it runs: `setSecureContext`, over both faces and both versions of HTTP. */
import { createServer } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { attach, listen, open, type Server, type WebSocket } from '../../../drivers/index.ts';
import { serve } from '../../../drivers/node/index.ts';
import { type Certificate, makeCertificate } from '../../support/certificates.ts';

let before: Certificate;
let after: Certificate;
beforeAll(() => {
  [before, after] = [makeCertificate('IP:127.0.0.1'), makeCertificate('IP:127.0.0.1')];
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: { tls?: Certificate; http2?: boolean } = {}): Promise<Server> {
  const server = await listen({ host: '127.0.0.1', port: 0, ...options }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  cleanups.push(() => server.close({ timeout: 1 }));
  return server;
}

/** Opens a connection to a server that has to have this certificate. */
const openTo = (server: Server, { cert }: Certificate, http2 = false): Promise<WebSocket> =>
  open(server.url, { tls: { ca: cert }, http2 });

async function expectServed(ws: WebSocket): Promise<void> {
  await ws.send('still here');
  expect(await ws.receive()).toBe('still here');
}

/** What open rejects with when the server has another certificate. */
const NOT_TRUSTED = { name: 'HandshakeError', cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } };

describe.each([
  ['HTTP/1.1', false],
  ['HTTP/2', true],
])('over %s', (_, http2) => {
  test('new connections see the new certificate, and those that are open live on', async () => {
    const server = await start({ tls: before, http2 });
    const witness = await openTo(server, before, http2);
    await expect(openTo(server, after, http2)).rejects.toMatchObject(NOT_TRUSTED);

    server.setSecureContext(after);
    await expectServed(witness);
    const newcomer = await openTo(server, after, http2);
    await expectServed(newcomer);
    await expect(openTo(server, before, http2)).rejects.toMatchObject(NOT_TRUSTED);
    await expectServed(witness);

    // And back, as often as one likes.
    server.setSecureContext(before);
    await expectServed(await openTo(server, before, http2));
    for (const ws of [witness, newcomer]) await expectServed(ws);
    expect((await witness.close()).clean).toBe(true);
  });
});

test('a TLS handshake that is under way ends with the certificate that it began with', async () => {
  const server = await start({ tls: before });
  // The server has said which certificate it has before the client says that it trusts it.
  const peer = connectTls({ port: server.port, host: '127.0.0.1', ca: before.cert });
  cleanups.push(() => peer.destroy());
  await new Promise<void>((resolve, reject) => {
    peer.once('secureConnect', resolve).once('error', reject);
    peer.once('keylog', () => server.setSecureContext(after));
  });
  expect(peer.authorized).toBe(true);
  await expectServed(await openTo(server, after));
});

test('what is no key or certificate throws, and the old ones go on', async () => {
  const server = await start({ tls: before });
  const witness = await openTo(server, before);
  expect(() => server.setSecureContext({ key: 'no key', cert: after.cert })).toThrow();
  expect(() => server.setSecureContext({ key: before.key, cert: after.cert })).toThrow(/key values mismatch/);
  await expectServed(witness);
  await expectServed(await openTo(server, before));
});

test('a listener of the event face does the same', async () => {
  const tls = before;
  const listener = await serve(
    { host: '127.0.0.1', port: 0, tls },
    { message: (socket, data) => void socket.send(data) },
  );
  cleanups.push(() => {
    for (const socket of listener.connections) socket.terminate();
    listener.stopListening();
  });
  listener.setSecureContext!(after);
  await expectServed(await open(listener.url, { tls: { ca: after.cert } }));
});

test('a server without TLS, or on an HTTP server of yours, which has its own, throws a TypeError', async () => {
  const plain = await start();
  expect(() => plain.setSecureContext(after)).toThrow(TypeError);
  const attached = attach(createServer(), {}, () => {});
  expect(() => attached.setSecureContext(after)).toThrow(TypeError);
  await attached.close();
});
