/**
 * What the promise API promises, sentence by sentence, as a program that imports the package by its name: it is type-checked
 * and run in a project in which the packed package is installed.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import {
  attach,
  ConnectionLostError,
  HandshakeError,
  InvalidStateError,
  isUpgrade,
  listen,
  open,
  ProtocolError,
  TimeoutError,
  WaitTimeoutError,
  upgrade,
  WebSocket,
  WebSocketError,
  type CloseInfo,
  type Server,
} from 'sansocket';

export type Sentences = Record<string, () => unknown>;

const LOCAL = { host: '127.0.0.1', port: 0 } as const;

async function echo(ws: WebSocket): Promise<void> {
  for await (const message of ws) await ws.send(message);
}

/** A connection to a server that does this with it. */
async function joined<T>(
  use: (ws: WebSocket, server: Server) => Promise<T>,
  handler: (ws: WebSocket) => unknown = echo,
  onError: (error: unknown) => void = () => {},
): Promise<T> {
  await using server = await listen({ ...LOCAL, onError }, handler);
  return await use(await open(server.url), server);
}

export const promises: Sentences = {
  'the example of the main job': async () => {
    await using server = await listen(LOCAL, async (ws) => {
      for await (const message of ws) await ws.send(message);
    });
    await open(`ws://127.0.0.1:${server.port}`, async (ws) => {
      await ws.send('hello');
      await ws.send(new Uint8Array([1, 2, 3]));
      await ws.send(['one ', 'message, ', 'three fragments']);
      assert.equal(await ws.receive(), 'hello');
      assert.deepEqual(await ws.receive(), new Uint8Array([1, 2, 3]));
      assert.equal(await ws.receive(), 'one message, three fragments');
    });
  },

  'open with a handler resolves to what it returned, and closes with 1000': async () => {
    let info: CloseInfo | undefined;
    await using server = await listen(LOCAL, async (ws) => void (info = await ws.closed));
    const value: number = await open(server.url, () => 42);
    assert.equal(value, 42);
    assert.equal(await open(server.url, { subprotocols: [] }, async () => 'async'), 'async');
    await server.close();
    assert.equal(info?.code, 1000);
  },

  'a handler of open that throws closes with 1011, or the code of its WebSocketError, and the error is thrown on':
    async () => {
      const codes: number[] = [];
      await using server = await listen(LOCAL, async (ws) => void codes.push((await ws.closed).code));
      const bug = new Error('bug');
      const fail = (error: Error) => open(server.url, () => Promise.reject(error));
      await assert.rejects(fail(bug), bug);
      await assert.rejects(fail(new WebSocketError(4000, 'mine')), { code: 4000 });
      await server.close();
      assert.deepEqual(codes, [1011, 4000]);
    },

  'listen takes a port alone': async () => {
    await using server = await listen(0, echo);
    assert.ok(server.port > 0);
  },

  'a server: address, port, connections, close, closed': async () => {
    const server = await listen(LOCAL, echo);
    assert.equal(typeof server.address === 'object' && server.address?.port, server.port);
    const ws = await open(server.url);
    await ws.ping();
    assert.equal(server.connections.size, 1);
    for (const one of server.connections) assert.ok(one instanceof WebSocket);
    await server.close({ code: 1012, reason: 'again', timeout: 1000 });
    const { code, reason } = await ws.closed;
    assert.deepEqual([code, reason], [1012, 'again']);
    await server.closed;
    assert.equal(server.address, null);
    await assert.rejects(open(`ws://127.0.0.1:${server.port || 1}`), HandshakeError);
  },

  'closing a server says 1001 to everyone and waits for the handlers': async () => {
    let done = 0;
    const server = await listen(LOCAL, async (ws) => {
      await echo(ws);
      await new Promise((resolve) => setTimeout(resolve, 10));
      done++;
    });
    const clients = await Promise.all([open(server.url), open(server.url)]);
    await server[Symbol.asyncDispose]();
    assert.equal(done, 2);
    for (const client of clients) assert.equal((await client.closed).code, 1001);
  },

  'a handler that returns closes with 1000; one that throws closes with 1011 and is reported': async () => {
    const errors: unknown[] = [];
    const bug = new Error('bug');
    const end = (handler: (ws: WebSocket) => unknown) =>
      joined(
        (ws) => ws.closed,
        handler,
        (error) => errors.push(error),
      );
    assert.equal((await end(() => {})).code, 1000);
    assert.equal((await end(() => Promise.reject(bug))).code, 1011);
    assert.deepEqual(errors, [bug]);
  },

  'upgrade, isUpgrade and attach on an HTTP server of one’s own': async () => {
    const http = createServer((_, response) => response.end('plain'));
    const attached: Server = attach(http, { path: '/attached' }, (ws) => ws.send('attached'));
    http.on('upgrade', async (request, socket, head) => {
      if (request.url !== '/mine') return;
      assert.equal(isUpgrade(request), true);
      const ws = await upgrade(request, socket, head, { subprotocols: ['a'] });
      await ws.send('mine');
      await ws.close();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const url = attached.url;
    assert.equal(await open(`${url}/attached`, (ws) => ws.receive()), 'attached');
    assert.equal(await open(`${url}/mine`, { subprotocols: ['a'] }, (ws) => ws.receive()), 'mine');
    assert.equal(await (await fetch(url.replace('ws', 'http'))).text(), 'plain');
    await attached.close();
    http.closeAllConnections();
    http.close();
  },

  'receive gives up by signal and timeout, loses no message by that, and leaves the connection alone': () =>
    joined(async (ws) => {
      await assert.rejects(ws.receive({ timeout: 1 }), WaitTimeoutError);
      const reason = new Error('no more');
      await assert.rejects(ws.receive({ signal: AbortSignal.abort(reason) }), reason);
      assert.equal(ws.state, 'open');
      await ws.send('x');
      assert.equal(await ws.receive(), 'x');
    }),

  'messages that came before a close are delivered first; then receive rejects': () =>
    joined(
      async (ws) => {
        await ws.closed;
        assert.equal(await ws.receive(), 'one');
        assert.deepEqual(await ws.receive(), new Uint8Array([2]));
        await assert.rejects(ws.receive(), { name: 'WebSocketError', code: 1000, isOk: true });
      },
      async (ws) => {
        await ws.send('one');
        await ws.send(new Uint8Array([2]));
      },
    ),

  'a loop ends silently after a normal close, and throws after another': async () => {
    const loop = async (ws: WebSocket) => {
      for await (const _ of ws) await ws.closed;
    };
    await joined(loop, (ws) => ws.send('x'));
    await joined(
      (ws) => assert.rejects(loop(ws), { code: 4001, reason: 'odd' }),
      (ws) => ws.close(4001, 'odd'),
    );
  },

  'receiveStream gives a message in chunks': () =>
    joined(async (ws) => {
      const stream = ws.receiveStream();
      await ws.send(new Uint8Array(100_000));
      let bytes = 0;
      for await (const chunk of stream) bytes += chunk.length;
      assert.deepEqual([bytes, stream.binary], [100_000, true]);
    }),

  'send takes any iterable or async iterable; the first element decides; an empty one sends an empty text': () =>
    joined(async (ws) => {
      await ws.send(new Set(['a', 'b']));
      await ws.send(
        (async function* () {
          yield new Uint8Array([1]);
          yield new Uint8Array([2]);
        })(),
        { compress: false },
      );
      await ws.send([]);
      assert.deepEqual(
        [await ws.receive(), await ws.receive(), await ws.receive()],
        ['ab', new Uint8Array([1, 2]), ''],
      );
    }),

  'trySend returns whether it sent, and never throws for a closed connection': () =>
    joined(async (ws) => {
      assert.equal(ws.trySend('x'), true);
      assert.equal(await ws.receive(), 'x');
      await ws.close();
      assert.equal(ws.trySend('x'), false);
    }),

  'ping resolves to the round trip, pong goes out unasked': () =>
    joined(async (ws) => {
      const roundTrip: number = await ws.ping('data');
      assert.ok(roundTrip >= 0);
      assert.equal(ws.latency, roundTrip);
      ws.pong();
    }),

  'close resolves to the CloseInfo, is safe to repeat, and so does closed': () =>
    joined(async (ws) => {
      const info = await ws.close(4000, 'why');
      assert.equal(await ws.close(), info);
      assert.equal(await ws.closed, info);
      const { code, reason, clean, received, sent, first, error } = info;
      assert.deepEqual([code, reason, clean, first, error], [4000, 'why', true, 'sent', undefined]);
      assert.deepEqual([received, sent], Array(2).fill({ code: 4000, reason: 'why' }));
    }),

  'await using closes with 1000 and waits for the end': async () => {
    let info: CloseInfo | undefined;
    await using server = await listen(LOCAL, async (ws) => void (info = await ws.closed));
    {
      await using ws = await open(server.url);
      assert.equal(ws.state, 'open');
    }
    await server.close();
    assert.equal(info?.code, 1000);
  },

  'concurrent sends never interleave their fragments': () =>
    joined(async (ws) => {
      const parts = async function* (part: string) {
        for (let i = 0; i < 3; i++) yield await Promise.resolve(part);
      };
      await Promise.all([ws.send(parts('a')), ws.send('b'), ws.send(parts('c'))]);
      assert.deepEqual([await ws.receive(), await ws.receive(), await ws.receive()], ['aaa', 'b', 'ccc']);
    }),

  'terminate ends the transport now': () =>
    joined(async (ws) => {
      ws.terminate();
      const { code, clean, error } = await ws.closed;
      assert.deepEqual([code, clean], [1006, false]);
      assert.ok(error instanceof ConnectionLostError);
    }),

  'what can be read at any time, after the close too': async () => {
    await using server = await listen({ ...LOCAL, subprotocols: ['a'], compress: true }, echo);
    const ws = await open(`${server.url}/path?q`, { subprotocols: ['a'], compress: true });
    const states: string[] = [ws.state];
    const closed = ws.close();
    states.push(ws.state);
    await closed;
    states.push(ws.state satisfies 'open' | 'closing' | 'closed');
    assert.deepEqual(states, ['open', 'closing', 'closed']);
    assert.deepEqual([ws.url, ws.protocol], [`${server.url}/path?q`, 'a']);
    assert.match(ws.extensions, /^permessage-deflate/);
    assert.deepEqual([ws.request?.path, ws.response?.status], ['/path', 101]);
    assert.deepEqual([ws.remoteAddress, ws.bufferedAmount], ['127.0.0.1', 0]);
    assert.ok(Number.isNaN(ws.latency));
  },

  'the errors carry code, reason, isOk and cause, and say where they come from': async () => {
    const cause = new Error('why');
    const error = new WebSocketError(1001, 'bye', { cause });
    assert.deepEqual([error.code, error.reason, error.isOk, error.cause], [1001, 'bye', true, cause]);
    for (const one of [HandshakeError, ProtocolError, TimeoutError, ConnectionLostError]) {
      assert.ok(one.prototype instanceof WebSocketError);
    }
    assert.ok(InvalidStateError.prototype instanceof TypeError);
    await using server = await listen({ ...LOCAL, authorize: () => ({ status: 418, body: 'x'.repeat(70_000) }) }, echo);
    const refused: unknown = await open(server.url).catch((error: unknown) => error);
    assert.ok(refused instanceof HandshakeError);
    assert.equal(refused.response?.status, 418);
    assert.equal(refused.response?.body.length, 64 * 1024);
  },

  'a misuse throws before any state changes': () =>
    joined(async (ws) => {
      // @ts-expect-error: a number is no message
      await assert.rejects(ws.send(1), TypeError);
      await assert.rejects(ws.close(1006), RangeError);
      await assert.rejects(ws.close(1000, 'x'.repeat(124)), RangeError);
      assert.equal(ws.state, 'open');
      await assert.rejects(open('http://'), SyntaxError);
      await assert.rejects(open('ws://127.0.0.1', { maxMessageSize: -1 }), RangeError);
    }),
};
