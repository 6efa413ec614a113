/** A proxy, or whoever is behind it, that ends its side (a FIN) at any step: no deadline is needed to notice. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket as NetSocket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { open } from '../../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { keepWitness } from './support.ts';

keepWitness();

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

/** Answers one chunk after the other with these, and ends its side with the last. */
async function hangingUp(answers: readonly (string | Uint8Array)[], secure = false): Promise<number> {
  const sockets = new Set<NetSocket>();
  const serve = (socket: NetSocket): void => {
    sockets.add(socket.on('error', () => {}));
    let step = 0;
    const next = (): void => {
      if (step < answers.length) socket.write(answers[step++]!);
      if (step === answers.length) socket.end();
    };
    if (answers.length === 0) next();
    socket.on('data', next);
  };
  const server = secure
    ? createTlsServer({ ...tls, allowHalfOpen: true }, serve)
    : createServer({ allowHalfOpen: true }, serve);
  server.on('tlsClientError', () => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

const OK = 'HTTP/1.1 200 OK\r\n\r\n';
const CONNECTED = Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 80);

test.each<[string, string, string, readonly (string | Uint8Array)[]]>([
  ['an HTTP proxy at once', 'ws', 'http', []],
  ['an HTTP proxy in the middle of its answer', 'ws', 'http', ['HTTP/1.1 200 O']],
  ['an HTTP proxy after its answer', 'ws', 'http', [OK]],
  ['an HTTP proxy in the TLS handshake with the target', 'wss', 'http', [OK]],
  ['an HTTPS proxy in its TLS handshake', 'ws', 'https plain', []],
  ['an HTTPS proxy in the middle of its TLS handshake', 'ws', 'https plain', [Uint8Array.of(0x16, 3, 3)]],
  ['an HTTPS proxy after its TLS handshake', 'ws', 'https', []],
  ['an HTTPS proxy in the middle of its answer', 'ws', 'https', ['HTTP/1.1 200 O']],
  ['an HTTPS proxy after its answer', 'ws', 'https', [OK]],
  ['an HTTPS proxy in the TLS handshake with the target', 'wss', 'https', [OK]],
  ['a SOCKS proxy at once', 'ws', 'socks5', []],
  ['a SOCKS proxy after a byte', 'ws', 'socks5', [Uint8Array.of(5)]],
  ['a SOCKS proxy after its choice of a method', 'ws', 'socks5', [Uint8Array.of(5, 0)]],
  ['a SOCKS proxy while it authenticates', 'ws', 'socks5 user', [Uint8Array.of(5, 2)]],
  ['a SOCKS proxy in the middle of its answer', 'ws', 'socks5', [Uint8Array.of(5, 0), CONNECTED.subarray(0, 4)]],
  ['a SOCKS proxy after its answer', 'ws', 'socks5', [Uint8Array.of(5, 0), CONNECTED]],
  ['a SOCKS proxy in the TLS handshake with the target', 'wss', 'socks5h', [Uint8Array.of(5, 0), CONNECTED]],
])('%s', async (_who, scheme, kind, answers) => {
  const [protocol, how] = kind.split(' ');
  const port = await hangingUp(answers, protocol === 'https' && how !== 'plain');
  const user = how === 'user' ? 'user:password@' : '';
  const error = await open(`${scheme}://127.0.0.1:9/`, {
    proxy: `${protocol}://${user}127.0.0.1:${port}`,
    handshakeTimeout: false,
    proxyTls: { ca: tls.cert },
  }).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'HandshakeError', isTemporary: true });
});

test.each([
  ['over TLS', 'wss', false],
  ['over HTTP/2 with prior knowledge', 'ws', true],
  ['over TLS that may be HTTP/2', 'wss', true],
])('a server in its handshake, %s', async (_how, scheme, http2) => {
  const port = await hangingUp([]);
  const error = await open(`${scheme}://127.0.0.1:${port}/`, { http2, handshakeTimeout: false }).catch(
    (error: unknown) => error,
  );
  expect(error).toMatchObject({ name: 'HandshakeError', isTemporary: true });
});
