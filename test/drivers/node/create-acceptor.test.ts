/** One acceptor for many single upgrades. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type Http2ServerRequest } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { open } from '../../../drivers/index.ts';
import { createAcceptor, type Handlers, type AcceptorOptions, type Socket } from '../../../drivers/node/index.ts';

/** A server whose upgrades go to an acceptor, one by one; `around` is called with each socket as it was made. */
async function upgrading(options: AcceptorOptions, handlers: Handlers, around: (socket: Socket) => void = () => {}) {
  const acceptor = createAcceptor(options, handlers);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.on('upgrade', (request, stream, head) => around(acceptor.accept(request, stream, head)));
  onTestFinished(() => {
    acceptor.stopAccepting();
    for (const socket of acceptor.connections) socket.terminate();
    server.close();
    server.closeAllConnections();
  });
  return { acceptor, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

test('its policy and its count hold for all of them', async () => {
  const { acceptor, url } = await upgrading({ maxConnections: 2, subprotocols: ['a'] }, {});
  const first = await open(url, { subprotocols: ['a'] });
  const second = await open(url);
  expect([first.protocol, acceptor.connections.size]).toEqual(['a', 2]);
  await expect(open(url)).rejects.toMatchObject({ response: { status: 503 } });
  await first.close();
  await expect(open(url, async () => 'in')).resolves.toBe('in');
  await second.close();
});

test('open is called when the 101 has been written, and the caller has the socket', async () => {
  const told: string[] = [];
  const { url } = await upgrading(
    {},
    { open: (socket) => void told.push(`open, ${socket.bufferedAmount} bytes wait, ${socket.data}`) },
    (socket) => {
      told.push(socket.state);
      socket.data = 'known';
    },
  );
  await open(url, async () => {});
  expect(told).toEqual(['connecting', 'open, 0 bytes wait, known']);
});

test('over HTTP/2 too, no handler is called before the caller has the socket', async () => {
  const told: string[] = [];
  const acceptor = createAcceptor(
    { subprotocols: ['a'] },
    { open: (socket) => void told.push(`open, ${socket.data}`), message: (socket, data) => void socket.send(data) },
  );
  const web = createHttp2Server({ settings: { enableConnectProtocol: true } }, () => {});
  web.on('connect', (request: Http2ServerRequest) => {
    const socket = acceptor.accept(request, request.stream, new Uint8Array(0));
    told.push(socket.state);
    socket.data = 'known';
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  onTestFinished(() => void web.close());
  const options = { http2: true, subprotocols: ['a'] } as const;
  const ws = await open(`ws://127.0.0.1:${(web.address() as AddressInfo).port}/`, options);
  expect([ws.protocol, told, acceptor.connections.size]).toEqual(['a', ['connecting', 'open, known'], 1]);
  await ws.send('there and back');
  expect(await ws.receive()).toBe('there and back');
  await ws.close();
  acceptor.stopAccepting();
  await acceptor.closed;
});

test('over HTTP/2, what a client did not wait with comes behind its request, however late that is accepted', async () => {
  const told: unknown[] = [];
  const acceptor = createAcceptor(
    {},
    {
      open: () => void told.push('open'),
      message: (socket, data) => {
        told.push(data);
        socket.terminate();
      },
    },
  );
  const web = createHttp2Server({ settings: { enableConnectProtocol: true } }, () => {});
  web.on('connect', async (request: Http2ServerRequest) => {
    while (request.stream.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
    acceptor.accept(request, request.stream, new Uint8Array(0));
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  onTestFinished(() => void web.close());
  const session = connectHttp2(`http://127.0.0.1:${(web.address() as AddressInfo).port}`);
  onTestFinished(() => session.destroy());
  await once(session, 'remoteSettings');
  const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13' });
  stream.on('error', () => {}).resume();
  const statuses: unknown[] = [];
  stream.on('response', (fields) => statuses.push(fields[':status']));
  stream.write(Buffer.from('\x81\x82\0\0\0\0hi', 'latin1'));
  await once(stream, 'close');
  expect({ told, statuses }).toEqual({ told: ['open', 'hi'], statuses: [200] });
});

test('a stream that throws when its request is due ends its own connection alone', async () => {
  const ends: unknown[] = [];
  const acceptor = createAcceptor({}, { close: (_socket, { error }) => void ends.push(error?.cause) });
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const request = { method: 'GET', url: '/', httpVersion: '1.1', httpVersionMajor: 1, rawHeaders: [] };
  acceptor.accept(request as unknown as IncomingMessage, stream, new Uint8Array(0));
  const broken = new Error('broken');
  let times = 0;
  Object.defineProperty(stream, 'destroyed', {
    get() {
      if (times++ === 0) throw broken;
      return false;
    },
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect({ ends, left: acceptor.connections.size }).toEqual({ ends: [broken], left: 0 });
});

test('after stopAccepting newcomers are refused, and closed resolves with the last connection', async () => {
  const { acceptor, url } = await upgrading({}, {});
  const ws = await open(url);
  let isClosed = false;
  const closed = acceptor.closed.then(() => (isClosed = true));
  acceptor.stopAccepting();
  await expect(open(url)).rejects.toMatchObject({ response: { status: 503 } });
  expect(isClosed).toBe(false);
  await ws.close();
  await closed;
});

test('bad options throw when it is made', () => {
  expect(() => createAcceptor({ subprotocols: ['no token'] }, {})).toThrow(TypeError);
  expect(() => createAcceptor({ maxConnections: -1 }, {})).toThrow(RangeError);
});
