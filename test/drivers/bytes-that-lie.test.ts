/**
 * Whatever an application gives as bytes, at every door of every face and in both roles, what goes out is exactly its own
 * bytes, or a TypeError is thrown and nothing goes out: never another connection's memory. A witness is served throughout.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen, open, upgrade, type Server, type WebSocket } from '../../drivers/index.ts';
import {
  broadcast,
  connect,
  PreparedMessage,
  serve,
  type NodeListener,
  type Socket,
} from '../../drivers/node/index.ts';
import { NetworkDriver } from '../../drivers/pipe/index.ts';
import type { Driver } from '../../drivers/driver.ts';
import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import { createOpen } from '../../drivers/promise/index.ts';
import { WebSocketFace } from '../../drivers/web/websocket.ts';
import type { CloseInfo } from '../../protocol/index.ts';
import { isOwn, LIARS, type Liar } from '../support/lying-bytes.ts';
import { duplexPair } from './node/client/duplex-pair.ts';
import { GOOD } from './node/hostile.ts';

type Received = [kind: 'message' | 'ping' | 'pong', data: string | Uint8Array];

/** Two sockets, and what each was told. */
interface Pair {
  readonly server: Socket;
  readonly client: Socket;
  readonly told: Map<Socket, Received[]>;
  close(): Promise<void>;
}

async function pairOver(driver: Driver<any, any>, host: string, compress: boolean): Promise<Pair> {
  const told = new Map<Socket, Received[]>();
  const note = (socket: Socket, ...event: Received) => void told.get(socket)!.push(event);
  const handlers = {
    message: (socket: Socket, data: string | Uint8Array) => note(socket, 'message', data),
    ping: (socket: Socket, payload: Uint8Array) => note(socket, 'ping', payload.slice()),
    pong: (socket: Socket, payload: Uint8Array) => note(socket, 'pong', payload.slice()),
  };
  const options = compress ? { compress: { threshold: 0 } } : {};
  let enter: (socket: Socket) => void;
  const entered = new Promise<Socket>((resolve) => (enter = resolve));
  const listener = await driver.serve(
    { ...options, host, port: 0 },
    { ...handlers, open: (socket) => void (told.set(socket, []), enter(socket)) },
  );
  const client = await new Promise<Socket>((resolve) =>
    driver.connect(listener.url, options, {
      ...handlers,
      open: (socket) => void (told.set(socket, []), resolve(socket)),
    }),
  );
  const server = await entered;
  return {
    server,
    client,
    told,
    close: async () => {
      client.terminate();
      listener.stopListening();
      await listener.closed;
    },
  };
}

/** Every door of the event face that takes bytes, and what its peer is told then. */
const DOORS: Record<string, { kind: Received[0]; give(socket: Socket, data: any): unknown; most?: number }> = {
  send: { kind: 'message', give: (socket, data) => socket.send(data) },
  'send without compressing': { kind: 'message', give: (socket, data) => socket.send(data, { compress: false }) },
  sendFragment: { kind: 'message', give: (socket, data) => socket.sendFragment(data, true) },
  sendPrepared: { kind: 'message', give: (socket, data) => socket.sendPrepared(socket.prepare(data)) },
  broadcast: { kind: 'message', give: (socket, data) => broadcast([socket], data) },
  ping: { kind: 'ping', give: (socket, data) => socket.ping(data), most: 125 },
  pong: { kind: 'pong', give: (socket, data) => socket.pong(data), most: 125 },
};

let served: NodeListener;
let witness: WebSocket;

beforeAll(async () => {
  served = await serve({ host: '127.0.0.1', port: 0 }, { message: (socket, data) => void socket.send(data) });
  witness = await open(served.url);
});

afterEach(async () => {
  await witness.send('still here');
  expect(await witness.receive()).toBe('still here');
});

afterAll(async () => {
  await witness.close();
  served.stopListening();
});

const drivers = [
  ['Node', { connect, serve }, '127.0.0.1'],
  ['the pipe', new NetworkDriver({ codec: createZlibCodec() }), 'server'],
] as const;

describe.each(drivers)('over %s', (_, driver, host) => {
  describe.each([false, true])('compressed: %s', (compress) => {
    let pair: Pair;
    beforeAll(async () => (pair = await pairOver(driver as Driver<any, any>, host, compress)));
    afterAll(() => pair.close());

    describe.each(['server', 'client'] as const)('from a %s', (role) => {
      test.each(LIARS.map((liar) => [liar.name, liar] as const))('%s', async (_name, liar) => {
        const from = pair[role];
        const to = pair[role === 'server' ? 'client' : 'server'];
        for (const [name, { kind, give, most = Infinity }] of Object.entries(DOORS)) {
          for (const size of [8, 100, 5000, 70_000].filter((one) => one <= most)) {
            await expectOwn(name, from, to, kind, liar, size, give);
          }
        }
      });
    });

    async function expectOwn(
      name: string,
      from: Socket,
      to: Socket,
      kind: Received[0],
      liar: Liar,
      size: number,
      give: (socket: Socket, data: any) => unknown,
    ): Promise<void> {
      let error: unknown;
      try {
        give(from, liar.make(size));
      } catch (thrown) {
        error = thrown;
      }
      from.send('that was all');
      const events = pair.told.get(to)!;
      await expect.poll(() => events.at(-1)?.[1], { interval: 1, timeout: 5000 }).toBe('that was all');
      // Pings of before are answered.
      const event = events
        .splice(0)
        .slice(0, -1)
        .findLast((one) => one[0] === kind)!;
      if (error !== undefined) expect(error, name).toBeInstanceOf(TypeError);
      else expect([name, event[0], isOwn(event[1] as Uint8Array, size)]).toEqual([name, kind, true]);
      expect(error === undefined || liar.isNone, name).toBe(true);
    }
  });
});

test('a prepared message that was tampered with sends what it was made of, or a TypeError is thrown', async () => {
  const pair = await pairOver({ connect, serve } as unknown as Driver<any, any>, '127.0.0.1', false);
  const payload = new Uint8Array(5000).fill(1);
  const other = new Proxy(new Uint8Array(9), {});
  class Other extends PreparedMessage {
    override get frame(): Uint8Array {
      return other;
    }
    override get payload(): Uint8Array {
      return other;
    }
  }
  const tampered = new PreparedMessage(payload);
  Object.defineProperties(tampered, { frame: { value: other }, opcode: { value: 8 } });
  for (const socket of [pair.server, pair.client]) {
    expect(() => Object.defineProperty(tampered.payload, 'length', { value: 9 })).toThrow(TypeError);
    for (const message of [tampered, new Other(payload)]) socket.sendPrepared(message);
    for (const fake of [
      { opcode: 2, payload: other, frame: other },
      new Proxy(tampered, {}),
      Object.create(tampered),
    ]) {
      expect(() => socket.sendPrepared(fake as PreparedMessage)).toThrow(TypeError);
    }
    socket.send('that was all');
  }
  for (const events of pair.told.values()) {
    await expect.poll(() => events.at(-1)?.[1], { interval: 1 }).toBe('that was all');
    expect(events.map(([, data]) => data)).toEqual([payload, payload, 'that was all']);
  }
  await pair.close();
});

test('bytes that are detached before they leave end their own connection with the cause', async () => {
  let tell: (info: CloseInfo) => void;
  const ended = new Promise<CloseInfo>((resolve) => (tell = resolve));
  const listener = await serve(
    { host: '127.0.0.1', port: 0 },
    {
      message(socket) {
        const bytes = new Uint8Array(10_000);
        socket.send(bytes);
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      },
      close: (_, info) => tell(info),
    },
  );
  const client = await open(listener.url);
  await client.send('go');
  expect((await client.closed).code).toBe(1006);
  expect(await ended).toMatchObject({ error: { cause: { message: expect.stringContaining('detached') } } });
  listener.stopListening();
});

describe.each(LIARS.map((liar) => [liar.name, liar] as const))('%s', (_, liar) => {
  test('through the promise API, at once and in its turn', async () => {
    const peer: WebSocket[] = [];
    const server: Server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
      peer.push(ws);
      await ws.closed;
    });
    const ours = await open(server.url);
    const size = 100;
    const outcomes = await Promise.allSettled([
      ours.send(liar.make(size) as Uint8Array),
      ours.send([liar.make(size) as Uint8Array]),
      ours.send(
        (async function* () {
          yield liar.make(size) as Uint8Array;
        })(),
      ),
      ours.send(liar.make(size) as Uint8Array),
    ]);
    if (ours.state === 'open') await ours.send('that was all');
    const received: (string | Uint8Array)[] = [];
    for await (const message of peer[0]) if (received.push(message) && message === 'that was all') break;
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(TypeError);
    }
    expect(outcomes.every(({ status }) => status === (liar.isNone ? 'rejected' : 'fulfilled'))).toBe(true);
    const messages = received.filter((one) => one instanceof Uint8Array);
    expect(messages.map((bytes) => isOwn(bytes, size))).toEqual(liar.isNone ? [] : [true, true, true, true]);
    ours.terminate();
    await server.close({ timeout: 0 });
  });

  test('through the WHATWG face', async () => {
    const network = new NetworkDriver();
    const told: (string | Uint8Array)[] = [];
    await network.serve({ host: 'server' }, { message: (_socket, data) => void told.push(data) });
    const face = new (class extends WebSocketFace {})(network.connect.bind(network), 'ws://server/');
    await once(face as unknown as NodeJS.EventEmitter, 'open');
    let error: unknown;
    try {
      face.send(liar.make(100) as Uint8Array<ArrayBuffer>);
    } catch (thrown) {
      error = thrown;
    }
    face.send('that was all');
    await expect.poll(() => told.at(-1), { interval: 1 }).toBe('that was all');
    // What is no bytes goes out as text, as WebIDL has it.
    const [first] = told;
    if (first instanceof Uint8Array) expect(isOwn(first, 100)).toBe(true);
    if (error !== undefined && !/thrown by the bytes/.test(String(error))) expect(error).toBeInstanceOf(TypeError);
  });

  test('as chunks of a foreign stream, to a client', async () => {
    const [near, far] = duplexPair();
    const error = once(far, 'data').then(async () => {
      near.emit('data', liar.make(100));
      far.destroy();
    });
    const opening = open('ws://server/', { createConnection: () => near }).catch((reason: unknown) => reason);
    await error;
    // A hundred bytes of 0x5a are no response: whatever it says, it ends this connection and throws nothing.
    expect(await opening).toBeInstanceOf(Error);
    expect(near.destroyed).toBe(true);
  });

  test('as chunks and as the head of an upgrade, to a server', async () => {
    const ends: Promise<unknown>[] = [];
    for (const where of ['head', 'chunk']) {
      const [near, far] = duplexPair();
      const http = createServer();
      http.on('upgrade', (request, _stream, head) => {
        const given = where === 'head' ? (liar.make(100) as Uint8Array) : head;
        // What is no bytes is refused, and the stream still the caller's.
        const end = upgrade(request, near, given).then((ws) => ws.closed);
        ends.push(end.finally(() => near.destroy()));
        if (where === 'chunk') near.emit('data', liar.make(100));
        far.destroy();
      });
      far.resume();
      const [raw, rawFar] = duplexPair();
      http.emit('connection', raw);
      rawFar.write(`${GOOD}\r\n`);
      await once(http, 'upgrade');
      if (!near.closed) await once(near, 'close');
      raw.destroy();
    }
    for (const end of await Promise.allSettled(ends)) {
      if (end.status === 'fulfilled') expect(end.value).toMatchObject({ clean: false });
      else expect(end.reason).toBeInstanceOf(Error);
    }
  });
});

test('a stream of strings or of objects is the end of its connection alone, and its cause', async () => {
  for (const chunk of ['HTTP/1.1 101 Switching Protocols\r\n', {}, 7, null]) {
    const stream = new Duplex({ objectMode: true, read() {}, write: (_chunk, _encoding, done) => done() });
    const opening = open('ws://server/', { createConnection: () => stream });
    setImmediate(() => stream.emit('data', chunk));
    await expect(opening).rejects.toMatchObject({ cause: expect.any(TypeError) });
    expect(stream.destroyed).toBe(true);
  }
});

test('open over a driver of its own refuses what a driver would', async () => {
  const network = new NetworkDriver();
  await network.serve({ host: 'server' }, {});
  const ws = await createOpen(network)('ws://server/');
  for (const liar of LIARS.filter(({ isNone }) => isNone)) {
    expect(() => ws.trySend(liar.make(10) as Uint8Array), liar.name).toThrow(TypeError);
    await expect(ws.ping(liar.make(10) as Uint8Array), liar.name).rejects.toThrow(TypeError);
    expect(() => ws.pong(liar.make(10) as Uint8Array), liar.name).toThrow(TypeError);
  }
  ws.terminate();
});
