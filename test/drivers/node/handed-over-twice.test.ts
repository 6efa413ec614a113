/** A stream that is handed over a second time: the second is refused, and the connection that it carries goes on. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import http2, { type Http2Server, type Http2ServerRequest, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, type Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attach, InvalidStateError, listen, open, upgrade, type WebSocket } from '../../../drivers/index.ts';
import { acceptUpgrade, adopt, createAcceptor, type Handlers } from '../../../drivers/node/index.ts';

const nothing = new Uint8Array(0);
const echoing: Handlers<any> = { message: (socket, data) => void socket.send(data) };

async function echo(ws: WebSocket): Promise<void> {
  for await (const message of ws) await ws.send(message);
}

/** Starts a server. Returns its URL, but for the scheme. */
async function start(server: HttpServer | Http2Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** What each way to hand a stream over does with it. */
const ways: Record<string, (request: IncomingMessage, stream: Duplex, head: Buffer) => unknown> = {
  upgrade: async (...given) => echo(await upgrade(...given)),
  acceptUpgrade: (...given) => acceptUpgrade(...given, {}, echoing),
  createAcceptor: (...given) => createAcceptor({}, echoing).accept(...given),
  adopt: (_request, stream) => adopt(stream, nothing, { role: 'server' }, {}, echoing),
};
const pairs = Object.keys(ways).flatMap((first) => Object.keys(ways).map((second) => [first, second] as const));

test.each(pairs.filter(([first]) => first !== 'adopt'))('by %s, and then by %s', async (first, second) => {
  const server = createServer();
  const url = await start(server);
  let failure: unknown;
  server.on('upgrade', (request: IncomingMessage, stream, head: Buffer) => {
    void ways[first](request, stream, head);
    try {
      void Promise.resolve(ways[second](request, stream, head)).catch((error: unknown) => (failure = error));
    } catch (error) {
      failure = error;
    }
  });
  const ws = await open(`ws://${url}`);
  await ws.send('still there');
  expect(await ws.receive()).toBe('still there');
  expect(failure).toBeInstanceOf(InvalidStateError);
  expect((failure as Error).message).toBe('this stream carries a WebSocket already: it was handed over twice');
  expect((await ws.close()).code).toBe(1000);
});

describe('attach', () => {
  test('leaves alone what a listener before it has answered, over HTTP/1.1', async () => {
    const server = createServer();
    const url = await start(server);
    server.on('upgrade', (...given) => void ways.acceptUpgrade(...given));
    const attached = attach(server, () => expect.unreachable());
    const ws = await open(`ws://${url}`);
    await ws.send('one');
    expect(await ws.receive()).toBe('one');
    expect(attached.connections.size).toBe(0);
    await ws.close();
  });

  test('and over HTTP/2', async () => {
    const server = http2.createServer();
    const url = await start(server);
    const failures: unknown[] = [];
    const onStream = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders, _flags: number, raw: string[]) => {
      if (headers[':method'] !== 'CONNECT') return;
      const request = { httpVersionMajor: 2, stream, rawHeaders: raw } as unknown as Http2ServerRequest;
      acceptUpgrade(request, stream, nothing, {}, echoing);
      for (const again of [
        () => acceptUpgrade(request, stream, nothing, {}, echoing),
        () => createAcceptor({}, echoing).accept(request, stream, nothing),
      ]) {
        try {
          again();
        } catch (error) {
          failures.push(error);
        }
      }
    };
    server.on('stream', onStream as (stream: ServerHttp2Stream) => void);
    const attached = attach(server, () => expect.unreachable());
    const ws = await open(`ws://${url}`, { http2: true });
    await ws.send('two');
    expect(await ws.receive()).toBe('two');
    expect(attached.connections.size).toBe(0);
    expect(failures).toEqual([expect.any(InvalidStateError), expect.any(InvalidStateError)]);
    await ws.close();
  });
});

test('a createConnection that gives the socket of another connection fails its own', async () => {
  await using server = await listen({ host: '127.0.0.1', port: 0 }, echo);
  const socket: NetSocket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const createConnection = () => socket;
  const ws = await open(server.url, { createConnection });
  await expect(open(server.url, { createConnection })).rejects.toMatchObject({
    kind: 'connect',
    cause: expect.any(InvalidStateError) as unknown,
  });
  await ws.send('still there');
  expect(await ws.receive()).toBe('still there');
  await ws.close();
});
