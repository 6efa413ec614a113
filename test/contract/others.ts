/** What the other entries promise, and the options: as promises.ts, run and type-checked against the packed package. */
import assert from 'node:assert/strict';
import {
  HandshakeError,
  listen,
  open,
  type Acceptance,
  type NodeClientOptions,
  type NodeServerOptions,
} from 'sansocket';
import { attach, broadcast, connect, serve, type Handlers, type Socket } from 'sansocket/node';
import { createNetwork } from 'sansocket/pipe';
import { answerUpgrade, Connection, EventQueue, TransportAction } from 'sansocket/protocol';
import { WebSocket as WhatwgWebSocket, WebSocketStream } from 'sansocket/web';
import type { Sentences } from './promises.ts';

const LOCAL = { host: '127.0.0.1', port: 0 } as const;
const MIB = 1024 * 1024;

/** Every option of both sides, at its default: the type-checker holds the names, the run that each is taken. */
const BOTH = {
  maxMessageSize: 16 * MIB,
  maxFragments: 1_048_576,
  receiveQueue: 16,
  sendHighWater: 64 * 1024,
  sendLimit: 16 * MIB,
  handshakeTimeout: 10_000,
  closeTimeout: 10_000,
  pingInterval: 20_000,
  pongTimeout: 20_000,
  compress: false,
  subprotocols: [],
  headers: {},
};
const OFF = {
  maxMessageSize: 0,
  maxFragments: false,
  receiveQueue: false,
  sendHighWater: 0,
  sendLimit: false,
  handshakeTimeout: 0,
  closeTimeout: false,
  pingInterval: 0,
  pongTimeout: false,
} as const;

export const others: Sentences = {
  'every option of the contract is one, and takes its default': async () => {
    const serverOptions: NodeServerOptions & { receiveQueue: number } = {
      ...BOTH,
      ...LOCAL,
      backlog: 511,
      maxConnections: 100,
      allowedOrigins: '*',
      selectSubprotocol: (offered) => offered[0],
      authorize: (request, { signal }): Acceptance => {
        assert.equal(signal.aborted, false);
        return { headers: { 'X-Path': request.path }, context: request.path };
      },
      onRequest: ({ path }) => (path === '/health' ? { status: 200, body: 'ok' } : undefined),
    };
    const contexts: unknown[] = [];
    await using server = await listen({ ...serverOptions, onError: () => {} }, (ws) => void contexts.push(ws.context));
    const clientOptions: NodeClientOptions & { receiveQueue: number } = {
      ...BOTH,
      signal: new AbortController().signal,
      maxRedirects: 0,
      proxy: 'env',
      tls: {},
      origin: 'http://elsewhere.example',
    };
    const ws = await open(`${server.url}/here`, clientOptions);
    assert.equal(ws.response?.headers['x-path'], '/here');
    await ws.closed;
    assert.deepEqual(contexts, ['/here']);
    assert.equal(await (await fetch(`${server.url.replace('ws', 'http')}/health`)).text(), 'ok');
  },

  'zero or false turns a limit off': async () => {
    await using server = await listen({ ...LOCAL, ...OFF }, (ws) => ws.send('unbounded'));
    assert.equal(await open(server.url, OFF, (ws) => ws.receive()), 'unbounded');
  },

  'by default origins are those of the same host': async () => {
    await using server = await listen(LOCAL, () => {});
    await assert.rejects(open(server.url, { origin: 'http://elsewhere.example' }), (error) => {
      return error instanceof HandshakeError && error.response?.status === 403;
    });
    await open(server.url, { origin: `http://127.0.0.1:${server.port}` });
  },

  'the event-style driver: serve, connect, broadcast, data': async () => {
    const seen: string[] = [];
    const handlers: Handlers<{ name: string }> = {
      open(socket) {
        socket.data = { name: 'yours' };
      },
      message(socket, data) {
        const goOn: boolean = socket.send(data);
        seen.push(socket.data.name, String(goOn));
      },
      ping() {},
      pong() {},
      drain() {},
      close(_, info) {
        seen.push(String(info.code));
      },
      error(error: unknown, socket?: Socket<{ name: string }>) {
        throw new Error(String(error), { cause: socket });
      },
    };
    const listener = await serve(LOCAL, handlers);
    await new Promise<void>((resolve) => {
      let echoes = 0;
      connect(
        listener.url,
        {},
        {
          open: (socket) => void socket.send('to all'),
          message(socket, data) {
            assert.equal(data, 'to all');
            if (++echoes === 1) void broadcast(listener.connections, 'to all');
            else socket.close();
          },
          close: () => resolve(),
        },
      );
    });
    listener.stopListening();
    await listener.closed;
    assert.deepEqual(seen, ['yours', 'true', '1000']);
    assert.equal(typeof attach, 'function');
  },

  'the core: bytes in, events and bytes out': () => {
    const [sink, queue] = [new EventQueue(), new EventQueue()];
    const server = Connection.server({ now: 0, sink });
    const client = Connection.client({ url: 'ws://server/' }, { now: 0, sink: queue });
    const carry = (from: Connection, to: Connection) => {
      for (const chunk of from.takeOutput()) to.receive(chunk.slice(), 1);
    };
    carry(client, server);
    assert.deepEqual(
      sink.take().map(({ type }) => type),
      ['request'],
    );
    server.accept();
    carry(server, client);
    client.sendText('text');
    client.sendBinary(new Uint8Array([1]));
    client.sendFragment('in ', false);
    client.sendFragment('two', true);
    client.ping(new Uint8Array([2]), 1);
    client.pong(new Uint8Array([3]));
    carry(client, server);
    assert.deepEqual(
      sink.take().map(({ type }) => type),
      ['open', 'text', 'binary', 'text', 'ping', 'pong'],
    );
    client.close(1000, 'bye', 2);
    carry(client, server);
    carry(server, client);
    assert.equal(server.transportAction, TransportAction.END);
    assert.ok(client.nextTimeout() > 2);
    client.handleTimeout(3);
    client.receiveEof(4);
    const ended = queue.take().find((event) => event.type === 'closed');
    assert.deepEqual([ended?.info.code, ended?.info.clean], [1000, true]);
    const ready = Connection.established('server', { now: 0, sink: new EventQueue() });
    ready.sendText('open from the start');
    assert.equal(ready.takeOutput().length, 1);
    const refusing = Connection.server({ now: 0, sink });
    refusing.receive(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 0);
    assert.equal(refusing.transportAction, TransportAction.END);
  },

  'the core answers a request that something else has parsed': () => {
    const rawHeaders = ['Host', 'a', 'Upgrade', 'websocket', 'Connection', 'Upgrade'];
    rawHeaders.push('Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '13');
    const good = answerUpgrade({ method: 'GET', target: '/', version: '1.1', rawHeaders });
    assert.match(new TextDecoder().decode(good.output), /^HTTP\/1\.1 101 /);
    assert.equal(good.opening?.request?.path, '/');
    const bad = answerUpgrade({ method: 'POST', target: '/', version: '1.1', rawHeaders });
    assert.deepEqual([bad.rejection?.status, bad.opening], [405, undefined]);
  },

  'the in-memory network: hours of keepalive pass at once': async () => {
    const network = createNetwork({ manual: true });
    const server = await network.listen({ port: 80 }, async (ws) => void (await ws.closed));
    const opening = network.open('ws://localhost');
    await network.settle();
    const ws = await opening;
    await network.advance(3 * 3_600_000);
    assert.equal(ws.state, 'open');
    assert.ok(ws.latency > 0);
    const end = server.close();
    await network.settle();
    await end;
    assert.equal((await ws.closed).code, 1001);
  },

  'the WHATWG’s WebSocket and WebSocketStream': async () => {
    await using server = await listen(LOCAL, async (ws) => ws.send(await ws.receive()));
    const ws = new WhatwgWebSocket(server.url);
    ws.onopen = () => ws.send('hello');
    const data = await new Promise((resolve) => (ws.onmessage = (event) => resolve(event.data)));
    assert.equal(data, 'hello');
    const stream = new WebSocketStream(server.url);
    const { readable, writable } = await stream.opened;
    await writable.getWriter().write('hello');
    assert.equal((await readable.getReader().read()).value, 'hello');
    stream.close();
    await stream.closed;
  },
};
