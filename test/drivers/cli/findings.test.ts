/** The findings of the doctor that take a network, a chain of certificates, HTTP/2 or a long conversation to come about. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type Settings } from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Finding } from '../../../drivers/cli/doctor/finding.ts';
import { attach } from '../../../drivers/index.ts';
import { makeChain } from '../../support/certificate-chain.ts';
import { filesBelow } from '../../support/source.ts';
import { answering, cleanups, echo, endPatients, ids, ours, tcp, upgraded } from './patients.ts';
import { endAll, start } from './running.ts';

/** What the system says of names: as it does, unless a test wants something else. */
const names = vi.hoisted(() => ({ answer: undefined as undefined | (() => { address: string; family: number }[]) }));
vi.mock('node:dns/promises', async (original) => {
  const actual = await original<typeof import('node:dns/promises')>();
  const lookup = (...args: [string, { all: true }]): unknown => names.answer?.() ?? actual.lookup(...args);
  return { ...actual, lookup: async (...args: [string, { all: true }]) => lookup(...args) };
});

afterEach(async () => {
  names.answer = undefined;
  endAll();
  await endPatients();
});

describe('the network', () => {
  test('dns-unavailable: the name server does not answer', async () => {
    names.answer = () => {
      throw Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
    };
    expect(await ids('ws://example.test/')).toEqual(['dns-unavailable']);
  });

  test.each([6666, 10_080, 1])(
    'port-blocked: browsers ask nobody at port %i, whether somebody listens or not',
    async (port) => {
      expect((await ids(`ws://127.0.0.1:${port}/`))[0]).toBe('port-blocked');
    },
  );

  test('a port that is not among those is nothing to tell of', async () => {
    expect(await ids(await ours({}))).not.toContain('port-blocked');
  });

  test('tcp-partly: one address of several is dead', async () => {
    const url = (await ours({})).replace('127.0.0.1', 'localhost');
    // Nothing listens on the second.
    names.answer = () => ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
    expect(await ids(url)).toContain('tcp-partly');
  });

  test('tcp-silent: nobody answers the first packet', async () => {
    // A process that is stopped accepts nothing: once its queue is full, the system drops who comes.
    const program = `const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 },
      () => console.log(server.address().port))`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const waiting: Socket[] = [];
    cleanups.push(() => {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGKILL');
    });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    child.kill('SIGSTOP');
    for (let i = 0; i < 8; i++) waiting.push(connect(Number(line), '127.0.0.1').on('error', () => {}));
    await once(waiting[0], 'connect');
    expect(await ids(`ws://127.0.0.1:${line}/`)).toEqual(['tcp-silent']);
  });

  test('tls-silent: the connection is taken, and TLS is not answered', async () => {
    expect(await ids((await tcp(() => {})).replace('ws:', 'wss:'))).toEqual(['tls-silent']);
  });

  test('tls-failed: the server hangs up over the first bytes of TLS', async () => {
    const url = await tcp((socket) => void socket.once('data', () => socket.destroy()));
    expect(await ids(url.replace('ws:', 'wss:'))).toEqual(['tls-failed']);
  });

  test('proxy-unauthorized: the proxy wants to know who asks', async () => {
    const proxy = await answeringProxy('407 Proxy Authentication Required');
    expect(await ids('ws://example.test/', { proxy })).toEqual(['proxy-unauthorized']);
  });

  async function answeringProxy(status: string): Promise<string> {
    const url = await tcp((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`));
    });
    return url.replace('ws:', 'http:');
  }
});

// Which authorities a program trusts is settled when it starts: each of these is one that trusts the test's.
describe('certificates', () => {
  const good = makeChain('DNS:localhost,IP:127.0.0.1');

  /** What the command finds, before a server with this certificate, when it trusts this authority. */
  async function findings(tls: { key: string; cert: string }, trusted: string, http2 = false): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), 'sansocket-trust-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'ca.pem'), trusted);
    const url = (await ours({ tls, http2 })).replace('127.0.0.1', 'localhost');
    const { ended } = start(['doctor', url, '--json'], { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') });
    const { out } = await ended;
    return (JSON.parse(out) as { findings: Finding[] }).findings.map(({ id, severity }) => `${severity} ${id}`);
  }

  test('tls: one that is right', async () => {
    const found = await findings({ key: good.key, cert: good.cert + good.intermediate }, good.root, true);
    expect(found).toEqual(expect.arrayContaining(['ok tls', 'ok close', 'ok http2']));
    expect(found.filter((one) => !one.startsWith('ok '))).toEqual([]);
  });

  test.each([
    ['tls-expired', makeChain('DNS:localhost', -1)],
    ['tls-name', makeChain('DNS:elsewhere.example')],
    // One that is for clients.
    ['tls-untrusted', makeChain('DNS:localhost\nextendedKeyUsage=clientAuth')],
  ])('%s', async (id, chain) => {
    const found = await findings({ key: chain.key, cert: chain.cert + chain.intermediate }, chain.root);
    expect(found).toContain(`broken ${id}`);
  });

  test('tls-ends-soon', async () => {
    const soon = makeChain('DNS:localhost', 3);
    expect(await findings({ key: soon.key, cert: soon.cert + soon.intermediate }, soon.root)).toContain(
      'warning tls-ends-soon',
    );
  });

  test('tls-chain: the intermediate certificate is not sent', async () => {
    expect(await findings(good, good.root)).toContain('broken tls-chain');
  });

  test('tls-own-ca: the chain ends in an authority that nobody knows', async () => {
    const all = { key: good.key, cert: good.cert + good.intermediate + good.root };
    expect(await findings(all, makeChain('DNS:other').root)).toContain('broken tls-own-ca');
  });
});

describe('HTTP/2', () => {
  /** A server that speaks both, with HTTP/2 of Node's own. */
  async function both(settings: Settings, onStream: (status: number) => number): Promise<string> {
    const { key, cert } = makeChain('IP:127.0.0.1');
    const http2 = createHttp2Server({ settings });
    http2.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': onStream(200) }, { endStream: true });
    });
    const http1 = createHttpServer();
    attach(http1, { allowedOrigins: '*' }, echo);
    const server = createTlsServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
      socket.on('error', () => {});
      cleanups.push(() => socket.destroy());
      (socket.alpnProtocol === 'h2' ? http2 : http1).emit('connection', socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    return `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  test('http2-without: it is spoken, and takes no WebSockets', async () => {
    const url = await both({}, (status) => status);
    expect(await ids(url, { insecure: true, timeout: 2000 })).toContain('http2-without');
  });

  test('http2-broken: WebSockets over it are promised, and fail', async () => {
    const url = await both({ enableConnectProtocol: true }, () => 500);
    expect(await ids(url, { insecure: true, timeout: 2000 })).toContain('http2-broken');
  });
});

describe('the session', () => {
  test('subprotocol-none: none of those that were offered is selected', async () => {
    expect(await ids(await answering(upgraded()), { subprotocols: ['chat'] })).toContain('subprotocol-none');
  });

  test('open-failed: the handshake was right twice, and is wrong the third time', async () => {
    let asked = 0;
    const url = await answering((key) => upgraded(++asked < 3 ? {} : { Upgrade: 'other' })(key));
    expect(await ids(url)).toContain('open-failed');
  });

  test('text-refused: the server wants no text', async () => {
    const url = await ours({}, async (ws) => void (await ws.receive(), await ws.close(1003, 'no text')));
    expect(await ids(url)).toContain('text-refused');
  });

  test('binary: bytes come back as text', async () => {
    const url = await ours({}, async (ws) => {
      for await (const message of ws) await ws.send(String(message));
    });
    expect(await ids(url)).toContain('binary');
  });

  test('compressed: a compressed message comes back otherwise', async () => {
    const url = await ours({ compress: true }, async (ws) => {
      for await (const message of ws) await ws.send(message.length === 6500 ? 'something else' : message);
    });
    expect(await ids(url)).toContain('compressed');
  });

  test('large-lost: a large message ends the connection without a word', async () => {
    const url = await ours({}, async (ws) => {
      for await (const message of ws) {
        if (message.length > 100_000) return ws.terminate();
        await ws.send(message);
      }
    });
    expect(await ids(url, { timeout: 5000 })).toContain('large-lost');
  });

  test('idle-dead: after a silence nobody answers, and nobody has said so', async () => {
    let opened = 0;
    const url = await answering(upgraded(), (socket) => {
      // Two are asked for the answer alone; the third is the session, and the fourth is left idle.
      const isIdle = ++opened === 4;
      socket.on('data', (chunk: Buffer) => {
        if (isIdle || chunk[0] !== 0x89) return;
        const payload = Buffer.from(chunk.subarray(6).map((byte, i) => byte ^ chunk[2 + (i % 4)]));
        socket.write(Buffer.concat([Buffer.from([0x8a, payload.length]), payload]));
      });
    });
    expect(await ids(url, { messages: false, idle: 0.05 })).toContain('idle-dead');
  });
});

test('every finding of the doctor stands in a test', () => {
  const source = filesBelow('drivers/cli/doctor', '.ts')
    .map(({ text }) => text)
    .join('\n');
  const tests = filesBelow('test/drivers/cli', '.ts')
    .map(({ text }) => text)
    .join('\n');
  const found = new Set([
    ...[...source.matchAll(/'(?:ok|note|warning|broken|skipped)',\s*'([a-z\d-]+)'/g)].map(([, id]) => id),
    ...[...source.matchAll(/\? '([a-z\d]+-[a-z\d-]+)' : '([a-z\d]+-[a-z\d-]+)'/g)].flatMap(([, one, other]) => [
      one,
      other,
    ]),
    ...[...source.matchAll(/return \[\s*'(tls-[a-z-]+)'/g)].map(([, id]) => id),
  ]);
  expect(found.size).toBeGreaterThan(40);
  expect([...found].filter((id) => !new RegExp(`\\b${id}\\b`).test(tests))).toEqual([]);
});
