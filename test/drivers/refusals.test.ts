/** Who may come in, and what is told of who may not: `authorize`, `onRefused`, paths. */
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  attach,
  listen,
  open,
  type NodeServerOptions,
  type RefusalReason,
  type ServeOptions,
} from '../../drivers/index.ts';
import { type Acceptance, createNetwork } from '../../drivers/pipe/index.ts';
import { makeCertificate } from '../support/certificates.ts';

const LOCAL = { host: '127.0.0.1', port: 0 } as const;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server, with what it was told of refusals and errors. */
async function start(options: NodeServerOptions & ServeOptions = {}) {
  const refusals: { path: string | undefined; status: number | undefined; reason: RefusalReason }[] = [];
  const errors: unknown[] = [];
  const server = await listen(
    {
      ...LOCAL,
      onError: (error) => void errors.push(error),
      onRefused: (request, response, reason) =>
        void refusals.push({ path: request?.path, status: response?.status, reason }),
      ...options,
    },
    (ws) => ws.closed,
  );
  cleanups.push(() => server.close({ timeout: 0 }));
  return { server, refusals, errors };
}

const statusOf = (url: string, options = {}): Promise<number> =>
  open(url, options).then(
    async (ws) => (ws.terminate(), 101),
    (error) => error.response.status,
  );

describe('authorize fails closed', () => {
  test.each<[string, unknown, number]>([
    ['true', true, 101],
    ['an acceptance', { context: 1, headers: { 'X-A': 'b' } }, 101],
    ['an empty acceptance', {}, 101],
    ['false', false, 403],
    ['a response', { status: 401, body: 'who are you?' }, 401],
  ])('%s is a decision', async (_, decision, status) => {
    const { server, errors } = await start({ authorize: () => decision as Acceptance });
    expect(await statusOf(server.url)).toBe(status);
    expect(errors).toEqual([]);
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /authorize must return true, false, .* not undefined: it was refused/],
    ['null', null, /not null/],
    ['a string', 'yes', /not a string/],
    ['a number', 1, /not the number 1/],
    ['a list', [], /an object of its own|array/],
    ["a user's record", { id: 7, name: 'ada' }, /put it into \{ context: … \}/],
    ['a response with something else in it', { status: 401, message: 'no' }, /unknown option message/],
  ])('%s lets nobody in: 500, and the error is reported', async (_, decision, text) => {
    for (const authorize of [() => decision, async () => decision]) {
      const { server, refusals, errors } = await start({ authorize: authorize as () => Acceptance });
      expect(await statusOf(server.url)).toBe(500);
      expect(errors).toEqual([expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(text) })]);
      expect(refusals).toMatchObject([{ status: 500, reason: { kind: 'error', error: errors[0] } }]);
    }
  });

  test.each([{ http2: false }, { http2: true }])(
    'one that closes its server has refused, and nothing is reported: %j',
    async ({ http2 }) => {
      const { server, refusals, errors } = await start({
        http2,
        authorize: () => {
          void server.close({ timeout: 0 });
          return true;
        },
      });
      await expect(open(server.url, { http2 })).rejects.toMatchObject({ name: 'HandshakeError', isTemporary: true });
      await server.closed;
      expect(refusals).toMatchObject([{ status: 503, reason: { kind: 'closing' } }]);
      expect(errors).toEqual([]);
    },
  );

  test('it sees who asks, and node’s own request where there is one', async () => {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const seen: unknown[] = [];
    const server = attach(
      http,
      {
        authorize: (_, { remoteAddress, remotePort, encrypted, peerCertificate, incoming }) => {
          seen.push(remoteAddress, remotePort > 0, encrypted, peerCertificate, incoming instanceof IncomingMessage);
          return true;
        },
      },
      (ws) => ws.closed,
    );
    cleanups.push(async () => {
      await server.close({ timeout: 0 });
      http.close();
    });
    expect(await statusOf(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`)).toBe(101);
    expect(seen).toEqual(['127.0.0.1', true, false, undefined, true]);
  });

  test('it sees the certificate of a client that has shown one', async () => {
    const { cert, key } = makeCertificate('DNS:localhost');
    const seen: unknown[] = [];
    const { server } = await start({
      tls: { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false },
      authorize: (_, { encrypted, peerCertificate }) => {
        seen.push(encrypted, peerCertificate?.subject.CN);
        return true;
      },
    });
    const tls = { rejectUnauthorized: false };
    expect(await statusOf(server.url, { tls })).toBe(101);
    expect(await statusOf(server.url, { tls: { ...tls, cert, key } })).toBe(101);
    expect(seen).toEqual([true, undefined, true, expect.any(String)]);
  });

  test('its context has its type in the handler', async () => {
    const network = createNetwork();
    const server = await network.listen(
      { authorize: async ({ query }) => query !== '' && { context: { user: query } } },
      async (ws) => {
        expectTypeOf(ws.context).toEqualTypeOf<{ user: string }>();
        await ws.send(ws.context.user);
      },
    );
    expect(await network.open('ws://server/?ada', (ws) => ws.receive())).toBe('ada');
    await server.close();
  });
});

describe.each(['allowedOrigins', 'selectSubprotocol', 'path'])('%s, which is to answer at once,', (option) => {
  test.each<[string, () => unknown, RegExp]>([
    ['throws', () => { throw new Error('of the callback'); }, /^of the callback$/], // prettier-ignore
    ['promises to say yes', async () => (option === 'selectSubprotocol' ? 'chat' : true), /not a promise/],
    ['promises, and fails at that', async () => Promise.reject(new Error('unheard')), /not a promise/],
    ['gives something else', () => 1, /must return a boolean|was not offered/],
  ])('lets nobody in when it %s: 500, and the error is reported, once', async (_what, callback, text) => {
    const { server, refusals, errors } = await start({ [option]: callback });
    expect(await statusOf(server.url, { subprotocols: ['chat'] })).toBe(500);
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringMatching(text) })]);
    expect(refusals).toMatchObject([{ status: 500, reason: { kind: 'error', error: errors[0] } }]);
  });
});

describe('a path', () => {
  test('that listen does not serve gets a 404', async () => {
    const { server, refusals } = await start({ path: ['/chat', '/news'] });
    expect(await statusOf(`${server.url}/chat?room=1`)).toBe(101);
    expect(await statusOf(`${server.url}/`)).toBe(404);
    expect(refusals).toMatchObject([{ path: '/', status: 404, reason: { kind: 'path' } }]);
  });

  test('may be a function’s business, and one that throws lets nobody in', async () => {
    const fails = new Error('no');
    const { server, errors } = await start({
      path: (path) => {
        if (path === '/throws') throw fails;
        return path.startsWith('/rooms/');
      },
    });
    expect(await statusOf(`${server.url}/rooms/1`)).toBe(101);
    expect(await statusOf(`${server.url}/throws`)).toBe(500);
    expect(errors).toEqual([fails]);
  });

  test('that looks like a socket’s is asked about', async () => {
    await expect(start({ path: '/tmp/x.sock', port: undefined })).rejects.toThrow(/a Unix socket is socketPath/);
    await expect(start({ socketPath: '/tmp/x.sock' })).rejects.toThrow('socketPath does not go together with host');
  });
});

describe('whoever is turned away is told of', () => {
  test('by an Origin: the 403 says which one, and a line says once what to do', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    cleanups.push(() => warn.mockRestore());
    const { server, refusals } = await start();
    const origin = 'http://localhost:5173';
    const error = await open(server.url, { origin }).catch((error) => error);
    const host = `127.0.0.1:${server.port}`;
    expect(Buffer.from(error.response.body).toString()).toBe(
      `the Origin ${origin} may not connect to ${host}: the server's option allowedOrigins does not list it\n`,
    );
    await open(server.url, { origin }).catch(() => {});
    expect(warn.mock.calls).toEqual([
      [
        `sansocket: a page of ${origin} was refused with 403 by ws://${host}: only pages of the same host may connect. ` +
          `If it is yours: allowedOrigins: ['${origin}']`,
      ],
    ]);
    const reason = { kind: 'origin', message: 'allowedOrigins does not let its Origin in', remoteAddress: '127.0.0.1' };
    expect(refusals).toMatchObject([{ path: '/', status: 403, reason }, { status: 403 }]);
  });

  test('by an Origin that is none, as Go’s x/net/websocket sends one: the line says so', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    // It is told once in a process, which has been done by now.
    vi.resetModules();
    const { listen: listenAnew, open: openAnew } = await import('../../drivers/index.ts');
    const server = await listenAnew({ host: '127.0.0.1' }, async (ws) => void (await ws.closed));
    cleanups.push(
      () => warn.mockRestore(),
      () => server.close(),
    );
    const error = await openAnew(server.url, { headers: { Origin: 'http://localhost/' } }).catch((error) => error);
    expect(error.response.status).toBe(403);
    expect(warn.mock.calls).toEqual([
      [
        `sansocket: a client was refused with 403 by ws://127.0.0.1:${server.port}: its Origin is none, for that is a scheme, a ` +
          'host and perhaps a port, and nothing behind them. If it is yours: let it send none or such a one, or give a function ' +
          'as allowedOrigins',
      ],
    ]);
  });

  test('by authorize, a limit, or a server that is closing', async () => {
    const { server, refusals } = await start({ authorize: ({ path }) => path === '/', maxConnections: 1 });
    expect(await statusOf(`${server.url}/no`)).toBe(403);
    const ws = await open(server.url);
    expect(await statusOf(server.url)).toBe(503);
    expect(refusals.map(({ reason }) => reason.kind)).toEqual(['authorize', 'limit']);
    ws.terminate();
  });

  test('by what it sent: no request, or none for a WebSocket, or none in time', async () => {
    const { server, refusals } = await start({ handshakeTimeout: 50 });
    const send = async (text: string) => {
      const socket = connectTcp(server.port, '127.0.0.1').resume();
      socket.write(text);
      await once(socket, 'close');
    };
    await send('NONSENSE\r\n\r\n');
    await send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await send('GET / HTTP/1.1\r\n');
    await send('\x16\x03\x01\x02\0\x01\0');
    const what = 'it is no valid request for a WebSocket';
    expect(refusals.map(({ path, reason }) => [path, reason.kind, reason.message])).toEqual([
      [undefined, 'bad-request', `${what}: the start line is malformed`],
      ['/', 'no-upgrade', 'it asks for no WebSocket'],
      [undefined, 'timeout', 'it did not come, or was not decided on, within handshakeTimeout'],
      [undefined, 'bad-request', `${what}: the client speaks TLS, and this server does not`],
    ]);
  });

  test('by TLS, which never came to a request', async () => {
    const { cert, key } = makeCertificate('DNS:localhost');
    const { server, refusals } = await start({ tls: { cert, key } });
    await open(server.url).catch(() => {});
    const socket = connectTls({ port: server.port, host: '127.0.0.1', maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' });
    await once(socket, 'error');
    while (refusals.length < 1) await new Promise(setImmediate);
    expect(refusals[0]).toMatchObject({ path: undefined, status: undefined, reason: { kind: 'tls' } });
    expect(refusals[0]!.reason.error).toBeInstanceOf(Error);
  });

  test('on the channel, too', async () => {
    const { server } = await start({ authorize: () => false });
    const published: unknown[] = [];
    const onMessage = (message: unknown) => void published.push(message);
    subscribe('sansocket:refused', onMessage);
    await statusOf(server.url);
    unsubscribe('sansocket:refused', onMessage);
    expect(published).toMatchObject([
      { request: { path: '/' }, response: { status: 403 }, reason: { kind: 'authorize' } },
    ]);
  });

  test('by a listener that may throw or reject: that is reported, and refuses all the same', async () => {
    for (const onRefused of [
      () => {
        throw new Error('of onRefused');
      },
      () => Promise.reject(new Error('of onRefused')),
    ]) {
      const { server, errors } = await start({ authorize: () => false, onRefused: onRefused as () => void });
      expect(await statusOf(server.url)).toBe(403);
      expect(errors).toMatchObject([{ message: 'of onRefused' }]);
    }
  });
});

describe('a subprotocol that was offered and not selected', () => {
  test('fails the handshake, unless requireSubprotocol is false', async () => {
    const network = createNetwork();
    const server = await network.listen({ subprotocols: ['chat'] }, (ws) => ws.closed);
    const error = await network.open('ws://server/', ['graphql-ws', 'soap']).catch((error) => error);
    expect(error).toMatchObject({ name: 'HandshakeError', kind: 'subprotocol', response: { status: 101 } });
    expect(error.message).toContain('none of the subprotocols offered (graphql-ws, soap); requireSubprotocol: false');
    const ws = await network.open('ws://server/', { subprotocols: ['soap'], requireSubprotocol: false });
    expect(ws.protocol).toBe('');
    await server.close({ timeout: 0 });
  });
});

test('listen takes a port as a string, open a list of subprotocols, attach a handler alone', async () => {
  const network = createNetwork();
  await network.listen('8080', (ws) => ws.send(ws.protocol));
  await network.listen({ port: '8081', subprotocols: ['chat'] }, (ws) => ws.send(ws.protocol));
  expect(await network.open('ws://server:8080/', (ws) => ws.receive())).toBe('');
  expect(await network.open('ws://server:8081/', ['chat'], (ws) => ws.receive())).toBe('chat');
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = attach(http, (ws) => ws.send('hello'));
  expect(await open(server.url, (ws) => ws.receive())).toBe('hello');
  await server.close();
  http.close();
});

test('tls without a certificate is a TypeError that says what it lacks', async () => {
  await expect(start({ tls: {} })).rejects.toThrow('tls has no certificate: give it cert and key, or pfx');
});
