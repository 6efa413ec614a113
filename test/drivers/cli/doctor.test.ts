/** The doctor before servers that are broken in a way each: it has to name the way. */
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { examine, type DoctorOptions } from '../../../drivers/cli/doctor/doctor.ts';
import type { Finding } from '../../../drivers/cli/doctor/finding.ts';
import { toHtml, verdict } from '../../../drivers/cli/doctor/report.ts';
import { exchange } from '../../../drivers/cli/doctor/talk.ts';
import type { WebSocket } from '../../../drivers/index.ts';
import { acceptKey } from '../../../protocol/index.ts';
import { makeCertificate } from '../../support/certificates.ts';
import {
  answering,
  cleanups,
  dripping,
  echo,
  endPatients,
  ids,
  OPTIONS,
  ours,
  plain,
  tcp,
  tls,
  upgraded,
} from './patients.ts';

afterEach(endPatients);

/** Each is broken in its own way, which the doctor has to name first among what keeps a client out. */
const BROKEN: [id: string, make: () => Promise<string>, options?: Partial<DoctorOptions>][] = [
  ['url', async () => 'http//nowhere'],
  ['dns-not-found', async () => 'ws://no-such-host.invalid/'],
  ['tcp-refused', async () => 'ws://127.0.0.1:1/'],
  ['tls-not-spoken', async () => (await ours({})).replace('ws:', 'wss:')],
  ['plain-to-tls', async () => (await tls(makeCertificate('IP:127.0.0.1'))).replace('wss:', 'ws:')],
  [
    'tls-self-signed',
    async () => tls(makeCertificate('IP:127.0.0.1'), (socket) => void socket.end('HTTP/1.1 404 X\r\n\r\n')),
  ],
  ['no-answer', () => tcp(() => {})],
  ['hung-up', () => tcp((socket) => socket.once('data', () => socket.end()))],
  ['not-http', () => tcp((socket) => void socket.write('SSH-2.0-OpenSSH_9.2\r\n'))],
  ['not-http', () => dripping('HTTP/1.1 101 Switching Protocols\r\n', 'x: y\r\n')],
  ['tls-silent', async () => (await dripping('\x16\x03\x03\x40\x00\x02', 'x')).replace('ws:', 'wss:')],
  ['redirect', () => answering(plain('301 Moved Permanently', 'Location: https://elsewhere.example/'))],
  ['upgrade-swallowed', () => answering(plain('200 OK', 'Server: nginx'))],
  ['unauthorized', () => answering(plain('401 Unauthorized', 'WWW-Authenticate: Basic'))],
  ['forbidden', () => answering(plain('403 Forbidden'))],
  ['not-found', () => answering(plain('404 Not Found'))],
  ['upgrade-stripped', () => answering(plain('426 Upgrade Required', 'Upgrade: websocket'))],
  ['bad-request', () => answering(plain('400 Bad Request'))],
  ['too-many', () => answering(plain('429 Too Many Requests', 'Retry-After: 5'))],
  ['gateway', () => answering(plain('502 Bad Gateway', 'Server: nginx'))],
  ['server-error', () => answering(plain('500 Internal Server Error'))],
  ['http-version', () => answering(upgraded({}, 'HTTP/1.0 101 Switching Protocols'))],
  ['upgrade-missing', () => answering(upgraded({ Upgrade: undefined }))],
  ['connection-missing', () => answering(upgraded({ Connection: 'keep-alive' }))],
  ['accept-missing', () => answering(upgraded({ 'Sec-WebSocket-Accept': undefined }))],
  ['accept-wrong', () => answering(upgraded({ 'Sec-WebSocket-Accept': acceptKey('dGhlIHNhbXBsZSBub25jZQ==') }))],
  ['subprotocol-not-offered', () => answering(upgraded({ 'Sec-WebSocket-Protocol': 'chat' }))],
  ['extension-not-offered', () => answering(upgraded({ 'Sec-WebSocket-Extensions': 'x-webkit-deflate-frame' }))],
  ['origin-refused', () => ours({}), { origin: 'https://app.example' }],
  ['frame-fault', () => answering(upgraded(), (socket) => void socket.write('<!doctype html>'))],
  ['closed-at-once', () => ours({}, async (ws) => void (await ws.close(4401, 'no token')))],
  ['lost-at-once', () => answering(upgraded(), (socket) => setImmediate(() => socket.destroy()))],
  ['no-pong', () => answering(upgraded())],
  ['proxy-failed', () => ours({}), { proxy: 'http://127.0.0.1:1' }],
];

describe('what keeps a client out', () => {
  test.each(BROKEN)('%s', async (id, make, options) => {
    const findings = await examine(await make(), { ...OPTIONS, ...options });
    const broken = findings.filter(({ severity }) => severity === 'broken');
    expect(broken.map((one) => one.id)).toContain(id);
    const { text, advice } = broken.find((one) => one.id === id)!;
    expect(text).toMatch(/[.:]$|\.$/);
    expect(advice.join('').length).toBeGreaterThan(10);
    expect(verdict(findings)).toContain(id);
  });

  test('a server that takes browsers alone is found by sending their Origin', async () => {
    const url = await ours({ allowedOrigins: (origin) => origin !== undefined });
    expect(await ids(url)).toEqual(['forbidden', 'origin-missing']);
  });

  test('a certificate that signs itself is named so, whatever else is wrong with it', async () => {
    const url = await tls(
      makeCertificate('DNS:elsewhere.example'),
      (socket) => void socket.end('HTTP/1.1 404 X\r\n\r\n'),
    );
    expect(await ids(url)).toContain('tls-self-signed');
  });

  test('with --insecure a certificate is a warning, and the examination goes on', async () => {
    const url = await ours({ tls: makeCertificate('IP:127.0.0.1') });
    const found = await ids(url, { insecure: true });
    expect(found).toEqual(['tls-self-signed']);
  });
});

describe('what will trouble somebody', () => {
  test('a server that answers no Close', async () => {
    const url = await answering(upgraded(), (socket) => {
      socket.once('data', (chunk: Buffer) => {
        const mask = chunk.subarray(2, 6);
        const payload = Buffer.from(chunk.subarray(6).map((byte, i) => byte ^ mask[i % 4]));
        socket.write(Buffer.concat([Buffer.from([0x8a, payload.length]), payload]));
      });
    });
    expect(await ids(url, { messages: false })).toContain('close-not-answered');
  });

  test('a path that ends what is idle', async () => {
    const url = await ours({}, async (ws) => {
      setTimeout(() => ws.state === 'open' && ws.terminate(), 600);
      await echo(ws);
    });
    const findings = await examine(url, { ...OPTIONS, messages: false, idle: 5, origin: url.replace('ws', 'http') });
    const cut = findings.find(({ id }) => id === 'idle-cut')!;
    expect(cut.advice[0]).toContain('pingInterval');
  });

  test('a message of 1 MiB that is refused', async () => {
    expect(await ids(await ours({ maxMessageSize: 65_536 }))).toEqual(['large-refused', 'closed-by-server']);
  });
});

describe('what works', () => {
  test('a server that stops reading has no answer, and is not waited for', async () => {
    const deaf = { state: 'open', send: () => new Promise<void>(() => {}), receive: () => expect.unreachable() };
    expect(await exchange(deaf as unknown as WebSocket, 'hello', 1)).toBe('nothing');
  });

  test('our own server, compressed, and its page of a report', async () => {
    const url = await ours({ compress: true });
    const findings = await examine(url, OPTIONS);
    expect(findings.map(({ id, severity }) => `${severity} ${id}`)).toEqual([
      ...[
        'ok dns',
        'ok tcp',
        'ok http',
        'ok open',
        'ok ping',
        'ok text',
        'ok binary',
        'ok compressed',
        'ok large',
        'ok close',
      ],
    ]);
    expect(verdict(findings)).toBe('It works.');
    expect(toHtml(url, findings)).toContain('permessage-deflate');
  });

  test('a server of `ws` that does not echo is told from a broken one', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => server.once('listening', resolve));
    cleanups.push(() => server.close());
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await ids(url, { timeout: 2000 })).toEqual(['origin-any', 'no-echo']);
  });

  test('behind a server of node:http that knows no upgrade, the page is what is found', async () => {
    const server = createHttpServer((_request: IncomingMessage, response) => void response.end('hello'));
    const url = await new Promise<string>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)),
    );
    cleanups.push(() => server.close());
    const findings: readonly Finding[] = await examine(url, OPTIONS);
    expect(findings.map(({ id }) => id)).toContain('upgrade-swallowed');
  });
});
