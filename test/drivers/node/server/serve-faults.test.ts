/**
 * Hostile openings over real sockets (faults.md §1): what the core answers is the core's to test; here it is that the
 * answer arrives whole, that the socket ends, and that a second connection on the same server lives on.
 */
import { connect, type Socket as NetSocket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen, open, type Rejection, type Server, type WebSocket } from '../../../../drivers/index.ts';

const GOOD =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

/** What `authorize` answers with. */
const TEAPOT: Rejection = { status: 418, headers: { 'X-Why': 'short and stout' }, body: 'no coffee' };
const SPLIT: Rejection = { status: 400, headers: { 'X-Bad': 'a\r\nb: c' } };

let server: Server;
let witness: WebSocket;
const errors: unknown[] = [];

beforeAll(async () => {
  server = await listen(
    {
      host: '127.0.0.1',
      port: 0,
      handshakeTimeout: 250,
      closeTimeout: 250,
      onError: (error) => errors.push(error),
      onRequest: ({ path }) => (path === '/health' ? { status: 200, body: 'ok' } : undefined),
      authorize: ({ path }) => {
        if (path === '/throws') throw new Error('of authorize');
        if (path === '/never') return new Promise<never>(() => {});
        if (path === '/no') return false;
        if (path === '/teapot') return TEAPOT;
        if (path === '/split') return SPLIT;
        return true;
      },
    },
    async (ws) => {
      for await (const message of ws) await ws.send(message);
    },
  );
  witness = await open(server.url);
});

afterEach(async () => {
  expect(await witness.ping()).toBeGreaterThanOrEqual(0);
  await witness.send('still here');
  expect(await witness.receive()).toBe('still here');
});

afterAll(async () => {
  await witness.close();
  await server.close();
});

/** Sends this and waits for the server's end of it. Returns all that came. */
async function exchange(request: string | Uint8Array, then?: (socket: NetSocket) => void): Promise<string> {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: false });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {}); // a reset is an end as well
  socket.write(request);
  then?.(socket);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

/** A whole response: its status, its fields, and a body as long as it says. */
function parse(response: string): { status: number; fields: string; body: string } {
  const end = response.indexOf('\r\n\r\n');
  const fields = response.slice(0, end).toLowerCase();
  const body = response.slice(end + 4);
  expect(fields).toContain('\r\nconnection:');
  expect(Number(/\r\ncontent-length: (\d+)/.exec(fields)?.[1])).toBe(body.length);
  return { status: Number(response.split(' ', 2)[1]), fields, body };
}

describe('a request that is refused gets a whole response and the end of its socket', () => {
  test.each([
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
    ['no Host', GOOD.replace('Host: 127.0.0.1\r\n', '') + '\r\n', 400],
    ['POST', GOOD.replace('GET', 'POST') + '\r\n', 405],
    ['HTTP/1.0', GOOD.replace('HTTP/1.1', 'HTTP/1.0') + '\r\n', 505],
    ['a body', GOOD + 'Content-Length: 5\r\n\r\nhello', 400],
    ['a chunked body', GOOD + 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['no upgrade', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 426],
    ['version 8', GOOD.replace('13', '8') + '\r\n', 426],
    ['a bad key', GOOD.replace('dGhl', '!!!!') + '\r\n', 400],
    ['a foreign Origin', GOOD + 'Origin: http://evil.example\r\n\r\n', 403],
    ['a long line', `GET /${'a'.repeat(9000)} HTTP/1.1\r\n`, 414],
    ['a head without end', 'GET / HTTP/1.1\r\n' + 'X: y\r\n'.repeat(4000), 431],
    ['refused by authorize', GOOD.replace('/ ', '/no ') + '\r\n', 403],
    ['authorize that throws', GOOD.replace('/ ', '/throws ') + '\r\n', 500],
    ['a response of authorize that splits', GOOD.replace('/ ', '/split ') + '\r\n', 500],
    ['authorize that never answers', GOOD.replace('/ ', '/never ') + '\r\n', 503],
    ['a head that stops half-way', GOOD, 408],
    ['a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ])('%s', async (_, request, status) => {
    expect(parse(await exchange(Buffer.from(request, 'latin1'))).status).toBe(status);
  });

  test('authorize may answer with any response', async () => {
    const { status, fields, body } = parse(await exchange(GOOD.replace('/ ', '/teapot ') + '\r\n'));
    expect([status, body]).toEqual([418, 'no coffee']);
    expect(fields).toContain('x-why: short and stout');
  });

  test('onRequest answers a health check', async () => {
    expect(parse(await exchange('GET /health HTTP/1.1\r\nHost: a\r\n\r\n'))).toMatchObject({ status: 200, body: 'ok' });
    expect(parse(await exchange('GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n')).status).toBe(426);
    expect(await exchange('HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
  });

  test('what comes behind a refused request is never parsed', async () => {
    const response = await exchange(`${GOOD}Content-Length: 1\r\n\r\nx${GOOD}\r\n`);
    expect(response.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  test('what callbacks threw was reported', () => {
    expect(errors.map((error) => (error as Error).message)).toEqual(
      expect.arrayContaining(['of authorize', expect.stringMatching(/header|field/i)]),
    );
  });
});

describe('a peer that goes away', () => {
  test('with a reset in its head', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => socket.write('GET / HT', resolve));
    socket.resetAndDestroy();
    await new Promise((resolve) => socket.once('close', resolve));
  });

  test('while authorize decides: its signal fires, and no 101 is sent', async () => {
    const aborted = new Promise<AbortSignal>((resolve) => {
      void listen(
        {
          host: '127.0.0.1',
          port: 0,
          authorize: (_, { signal }) =>
            new Promise<never>(() => signal.addEventListener('abort', () => resolve(signal))),
        },
        async () => {},
      ).then((deciding) => {
        const socket = connect(deciding.port, '127.0.0.1');
        socket.end(GOOD + '\r\n');
        socket.on('close', () => void deciding.close());
      });
    });
    expect((await aborted).aborted).toBe(true);
  });

  test('that is silent is turned away at the deadline', async () => {
    expect(await exchange('')).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('frames that came with the request are delivered after the 101', async () => {
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    const close = Buffer.from([0x88, 0x80, 0, 0, 0, 0]);
    const response = await exchange(Buffer.concat([Buffer.from(`${GOOD}\r\n`), frame]), (socket) => {
      socket.on('data', (chunk) => chunk.includes('hi') && socket.write(close));
    });
    expect(response).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\n\x81\x02hi\x88\x00$/);
  });
});

describe('a server that is full, or closing', () => {
  test('refuses with 503 and Retry-After at maxConnections', async () => {
    const full = await listen({ host: '127.0.0.1', port: 0, maxConnections: 1 }, (ws) => ws.closed);
    const first = await open(full.url);
    await expect(open(full.url)).rejects.toMatchObject({
      name: 'HandshakeError',
      response: { status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } },
    });
    expect(await first.ping()).toBeGreaterThanOrEqual(0);
    await first.close();
    await (await open(full.url)).close();
    await full.close();
  });

  test('says 1001 to everyone at once, waits for the handlers, and loses no message', async () => {
    const seen: unknown[] = [];
    const closing = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
      for await (const message of ws) seen.push(message);
      seen.push('handler is done');
    });
    const clients = await Promise.all([open(closing.url), open(closing.url)]);
    for (const client of clients) await client.send('accepted');
    for (const client of clients) await client.ping();
    await closing.close();
    expect((await Promise.all(clients.map((client) => client.closed))).map(({ code }) => code)).toEqual([1001, 1001]);
    expect(seen.filter((one) => one === 'accepted')).toHaveLength(2);
    expect(seen.slice(-2)).toEqual(['handler is done', 'handler is done']);
    await expect(open(closing.url)).rejects.toMatchObject({ name: 'HandshakeError' });
  });

  test('does not wait for a peer that never finished its handshake', async () => {
    const closing = await listen({ host: '127.0.0.1', port: 0 }, async () => {});
    const socket = connect(closing.port, '127.0.0.1');
    const ended = new Promise((resolve) =>
      socket
        .on('close', resolve)
        .on('error', () => {})
        .resume(),
    );
    await new Promise((resolve) => socket.write('GET / HTTP/1.1\r\n', resolve));
    while (closing.address !== null && (await connections(closing)) === 0) await new Promise(setImmediate);
    await Promise.all([closing.close(), ended]);
  });
});

/** Whether the server has seen the half-open peer can't be asked; a round trip through it is proof enough. */
async function connections(target: Server): Promise<number> {
  const probe = await open(target.url);
  await probe.closed;
  return 1;
}
