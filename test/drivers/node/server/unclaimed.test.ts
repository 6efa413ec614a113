/**
 * Requests with an Upgrade that nothing attached takes: each gets an answer, by whatever version of Node. Beside them a
 * witness that is attached lives on.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server as HttpServer } from 'node:http';
import http2 from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { attach, type HandshakeError, open, type WebSocket } from '../../../../drivers/index.ts';
import { attach as attachHandlers } from '../../../../drivers/node/index.ts';
import { type Certificate, makeCertificate } from '../../../support/certificates.ts';
import { exchange, GOOD, parse } from '../hostile.ts';

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

/** A whole request for a WebSocket. */
function upgradeTo(target: string): string {
  return `${GOOD.replace(/^GET \S+/, `GET ${target}`)}\r\n`;
}

const echo = async (ws: WebSocket) => {
  for await (const message of ws) await ws.send(message);
};

type Plain = (url: string, body: string) => string;

/** A server that answers plain requests with what they were, and `attach`es an echo at /live. */
async function serving(server: HttpServer, plain?: Plain): Promise<number> {
  if (plain !== undefined) {
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => response.end(plain(`${request.method} ${request.url}`, body)));
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const live = attach(server, { path: '/live', handshakeTimeout: 300 }, echo);
  const url = `${'setSecureContext' in server ? 'wss' : 'ws'}://127.0.0.1:${port}/live`;
  const witness = await open(url, { tls: { ca: tls.cert } });
  onTestFinished(async () => {
    await witness.send('still here');
    expect(await witness.receive()).toBe('still here');
    await witness.close();
    await live.close();
    server.closeAllConnections?.();
    server.close();
  });
  return port;
}

const tell: Plain = (what, body) => `${what} ${body}`;

/** Sends this, and collects what comes until `until` stands in it or the peer ends. */
async function said(socket: Socket, bytes: string, until: string): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('error', () => {});
  socket.write(bytes, 'latin1');
  for await (const chunk of socket) if ((text += chunk).includes(until)) break;
  socket.destroy();
  return text;
}

const KINDS: [string, () => HttpServer, (port: number) => Promise<Socket>][] = [
  [
    'node:http',
    () => createServer(),
    async (port) => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    },
  ],
  ['node:https', () => createTlsServer(tls) as HttpServer, secured],
  ['node:http2 with allowHTTP1', () => http2.createSecureServer({ ...tls, allowHTTP1: true }) as never, secured],
];

async function secured(port: number): Promise<Socket> {
  const socket = connectTls({ port, host: '127.0.0.1', ca: tls.cert, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  return socket;
}

const KINDS_OF_SERVERS: [string, () => HttpServer | http2.Http2Server][] = [
  ['node:http', () => createServer()],
  ['node:http2', () => http2.createServer()],
];

describe.each(KINDS)('%s', (_, make, dial) => {
  test('a request that asks for h2c is answered as the ordinary request that it is, as curl and Java send it', async () => {
    const port = await serving(make(), tell);
    const answer = await said(await dial(port), `GET /page HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`, 'GET /page');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('so is one with a body, on the path that is attached too, and the next request on the connection', async () => {
    const port = await serving(make(), tell);
    const socket = await dial(port);
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.write(`POST /live HTTP/1.1\r\nHost: a\r\n${H2C}Content-Length: 4\r\n\r\nbo`);
    socket.write('dy');
    await expect.poll(() => text).toContain('POST /live body');
    // Behind the answer: what comes in one piece with a request whose Upgrade it passes over, node:http drops.
    socket.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => text).toContain('GET /next');
    socket.destroy();
  });

  test('so is one that asks for a WebSocket otherwise than by GET', async () => {
    const port = await serving(make(), tell);
    const request = upgradeTo('/live').replace(/^GET/, 'POST').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n');
    expect(await said(await dial(port), request, 'POST /live')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a WebSocket that nobody serves there gets 404', async () => {
    const port = await serving(make(), tell);
    for (const upgrade of ['websocket', 'h2c , WebSocket']) {
      const request = upgradeTo('/other').replace('websocket', upgrade);
      const answer = parse(await said(await dial(port), request, '\0never'));
      expect(answer).toMatchObject({ status: 404, body: 'no WebSocket is served here\n' });
      expect(answer.fields).toContain('\r\nconnection: close');
    }
  });

  test('a CONNECT ends its connection, as node:http has it, and is left to whoever listens', async () => {
    const server = make();
    const port = await serving(server, tell);
    const request = 'CONNECT elsewhere:1 HTTP/1.1\r\nHost: a\r\n\r\n';
    expect(await said(await dial(port), request, '\0never')).toBe('');
    server.on('connect', (_, stream) => stream.end('HTTP/1.1 418 Teapot\r\n\r\n'));
    expect(await said(await dial(port), request, '\0never')).toMatch(/^HTTP\/1\.1 418 /);
  });

  test('without a listener for plain requests what asks for something else gets 426', async () => {
    const port = await serving(make());
    const answer = parse(await said(await dial(port), `GET /live HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`, '\0never'));
    expect(answer.status).toBe(426);
    expect(answer.fields).toContain('\r\nupgrade: websocket');
  });

  test('where others listen, what they take is theirs', async () => {
    const server = make();
    const port = await serving(server, tell);
    server.on('upgrade', (request, stream) => {
      if (request.headers.upgrade === 'echo')
        stream.write('HTTP/1.1 101 Sure\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n');
    });
    const socket = await dial(port);
    let text = '';
    socket.on('data', (chunk) => (text += chunk));
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    await expect.poll(() => text).toContain('101 Sure');
    // Beside it, one that they don't take: it has its end, and this one goes on.
    await said(await dial(port), upgradeTo('/other'), '\0never');
    expect(socket.readableEnded || socket.destroyed).toBe(false);
    socket.destroy();
  });

  test('where others listen and none of them answers, it gets 503 after handshakeTimeout', async () => {
    const server = make();
    const port = await serving(server, tell);
    server.on('upgrade', () => {});
    for (const request of [upgradeTo('/other'), `GET /page HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`]) {
      expect(parse(await said(await dial(port), request, '\0never')).status).toBe(503);
    }
  });
});

test.each(KINDS_OF_SERVERS)('others have as long as the most patient of several says: %s', async (_, make) => {
  const [server, hasty] = [make(), make()] as HttpServer[];
  const answers: (() => void)[] = [];
  server.on('upgrade', (_, stream) => {
    answers.push(() => stream.end('HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n'));
  });
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    answers.push(() => stream.respond({ ':status': 418 }, { endStream: true }));
  });
  hasty.on('upgrade', () => {}).on('stream', () => {});
  const patience = [10_000, 1, 60_000, 2];
  const attached = [
    ...patience.map((handshakeTimeout) => attach(server, { path: '/live', handshakeTimeout }, echo)),
    attach(hasty, { path: '/live', handshakeTimeout: 20 }, echo),
  ];
  for (const one of [server, hasty]) await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  const statusFrom = async (one: HttpServer): Promise<number> => {
    const { port } = one.address() as AddressInfo;
    const url = `ws://127.0.0.1:${port}/other`;
    const error = await open(url, { http2: 'updateSettings' in one }).catch((error: HandshakeError) => error);
    return (error as HandshakeError).response!.status;
  };
  const answer = statusFrom(server);
  await expect.poll(() => answers.length).toBe(1);
  // One that came later, and has the least time, has had it.
  expect(await statusFrom(hasty)).toBe(503);
  answers[0]();
  expect(await answer).toBe(418);
  await Promise.all(attached.map((one) => one.close()));
  for (const one of [server, hasty]) one.close();
});

test('a request of node:http’s own client with an Upgrade is answered', async () => {
  const port = await serving(createServer(), tell);
  const request = httpRequest({
    port,
    host: '127.0.0.1',
    path: '/x',
    headers: { connection: 'upgrade', upgrade: 'h2c' },
  });
  request.end();
  const [response] = await once(request, 'response');
  expect(response.statusCode).toBe(200);
  response.resume();
  await once(response, 'end');
});

test('two that are attached take by turns, and what is neither’s gets 404', async () => {
  const server = createServer();
  const port = await serving(server);
  const second = attach(server, { path: '/second' }, (ws) => ws.send('second'));
  const twice = attach(server, { path: '/second' }, (ws) => ws.send('twice'));
  const url = `ws://127.0.0.1:${port}`;
  expect(await open(`${url}/second`, (ws) => ws.receive())).toBe('second');
  await expect(open(`${url}/third`)).rejects.toMatchObject({ response: { status: 404 } });
  await second.close();
  expect(await open(`${url}/second`, (ws) => ws.receive())).toBe('twice');
  await twice.close();
});

test('a target in absolute-form is taken for its path', async () => {
  const port = await serving(createServer());
  for (const scheme of ['http', 'https', 'ws', 'wss']) {
    const request = upgradeTo(`${scheme}://example.com/live?x`);
    const socket = connect(port, '127.0.0.1');
    expect(await said(socket, request, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /);
  }
});

test('a `path` that throws is told, and costs its own upgrade alone', async () => {
  const server = createServer();
  const errors: unknown[] = [];
  const port = await serving(server);
  const listener = attachHandlers(
    server,
    {
      path: () => {
        throw new Error('no idea');
      },
    },
    { error: (error) => errors.push(error) },
  );
  await expect(open(`ws://127.0.0.1:${port}/x`)).rejects.toMatchObject({ response: { status: 500 } });
  expect(errors).toEqual([new Error('no idea')]);
  listener.stopListening();
});

describe('a server that is detached', () => {
  test.each(KINDS_OF_SERVERS)('and attached again is served; so are others meanwhile: %s', async (_, make) => {
    const server = make() as HttpServer;
    const listeners = () => ['upgrade', 'stream', 'connect'].map((name) => server.listenerCount(name));
    const before = listeners();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const ask = (path: string) =>
      open(`ws://127.0.0.1:${port}${path}`, { http2: 'updateSettings' in server }, (ws) => ws.receive());
    for (let round = 0; round < 2; round++) {
      const [one, other] = ['/one', '/other'].map((path) => attach(server, { path }, (ws) => ws.send(path)));
      expect(await ask('/one')).toBe('/one');
      await one.close();
      await one.close();
      expect(await ask('/other')).toBe('/other');
      await other.close();
      expect(listeners()).toEqual(before);
    }
  });

  test('is as it was: its upgrades are ordinary requests again', async () => {
    const server = createServer((_, response) => response.end('plain'));
    const before = (server as { shouldUpgradeCallback?: unknown }).shouldUpgradeCallback;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await attach(server, {}, echo).close();
    expect((server as { shouldUpgradeCallback?: unknown }).shouldUpgradeCallback).toBe(before);
    expect(server.listenerCount('upgrade')).toBe(0);
    expect(parse(await exchange(port, upgradeTo('/').replace('Upgrade\r\nSec', 'Upgrade, close\r\nSec'))).status).toBe(
      200,
    );
  });
});

describe('one server for hundreds', () => {
  const warnings = vi.fn();
  afterEach(() => void process.off('warning', warnings));

  test('has one set of listeners, and Node warns of no leak', async () => {
    process.on('warning', warnings);
    for (const server of [createServer(), http2.createServer()]) {
      const attached = Array.from({ length: 100 }, (_, i) =>
        attach(server, { path: `/${i}` }, (ws) => ws.send(`${i}`)),
      );
      await new Promise<void>((resolve) => (server as HttpServer).listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const url = `ws://127.0.0.1:${port}/77`;
      expect(await open(url, { http2: 'updateSettings' in server }, (ws) => ws.receive())).toBe('77');
      expect(['upgrade', 'stream', 'connect'].map((name) => server.listenerCount(name) < 2)).toEqual([
        true,
        true,
        true,
      ]);
      await Promise.all(attached.map((one) => one.close()));
      expect(['upgrade', 'connect'].map((name) => server.listenerCount(name))).toEqual([0, 0]);
      server.close();
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.mock.calls).toEqual([]);
  });
});
