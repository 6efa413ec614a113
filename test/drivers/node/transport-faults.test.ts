/**
 * faults.md §5 over real sockets, in both roles: ours is a WebSocket of the package, the peer speaks bytes. After each, a
 * second connection on the same server lives on. What needs time to stand still is in test/drivers/pipe.
 */
import { once } from 'node:events';
import { connect, type Socket as NetSocket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { listen, open, type Server, type WebSocket } from '../../../drivers/index.ts';
import { connect as connectSocket, serve, type Handlers, type Socket } from '../../../drivers/node/index.ts';
import { BINARY, CLOSE, closePayload, frame, KEY, PING, PONG, TEXT } from '../../support/frames.ts';
import { rawServer, switching } from './client/support.ts';
import { GOOD } from './hostile.ts';

const MIB = 1024 * 1024;
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

let witnessed: Server;
let witness: WebSocket;
/** What the server of the test does with a connection; set by each test. */
let handler: (ws: WebSocket) => unknown = () => {};

beforeAll(async () => {
  witnessed = await listen({ host: '127.0.0.1', port: 0, closeTimeout: 200, sendLimit: 4 * MIB, onError }, (ws) =>
    ws.request!.path === '/witness' ? echo(ws) : handler(ws),
  );
  witness = await open(`${witnessed.url}/witness`);
});

afterEach(() => expectServed(witness));

afterAll(async () => {
  await witness.close();
  await witnessed.close({ timeout: 0 });
});

const errors: unknown[] = [];
function onError(error: unknown): void {
  errors.push(error);
}

async function echo(ws: WebSocket): Promise<void> {
  for await (const message of ws) await ws.send(message);
}

async function expectServed(ws: WebSocket): Promise<void> {
  await ws.send('still here');
  expect(await ws.receive()).toBe('still here');
}

interface Duel {
  readonly ours: WebSocket;
  readonly peer: NetSocket;
  /** A frame as this peer has to send it. */
  frame(opcode: number, payload?: string | Uint8Array): Uint8Array;
}

type Options = { closeTimeout?: number; sendLimit?: number; pingInterval?: number; pongTimeout?: number };

/** A connection with the package on one end, in this role, and bytes on the other. */
async function duel(role: string, options: Options = {}): Promise<Duel> {
  if (role === 'client') {
    let arrive!: (socket: NetSocket) => void;
    const arrival = new Promise<NetSocket>((resolve) => (arrive = resolve));
    const server = await rawServer((socket, head) => {
      socket.pause();
      socket.write(switching(head));
      arrive(socket);
    });
    const ours = await open(`ws://127.0.0.1:${server.port}/`, { closeTimeout: 200, sendLimit: 4 * MIB, ...options });
    onTestFinished(() => ours.terminate());
    return { ours, peer: await arrival, frame: (opcode, payload) => frame({ opcode, payload }) };
  }
  // The witness is on the same server; when the test wants other options, another one is.
  let server = witnessed;
  let arrive!: (ws: WebSocket) => void;
  const arrival = new Promise<WebSocket>((resolve) => (arrive = resolve));
  const wait = (ws: WebSocket) => (arrive(ws), ws.closed);
  if (Object.keys(options).length === 0) {
    handler = wait;
  } else {
    server = await listen({ host: '127.0.0.1', port: 0, closeTimeout: 200, onError, ...options }, (ws) =>
      ws.request!.path === '/witness' ? echo(ws) : wait(ws),
    );
    const beside = await open(`${server.url}/witness`);
    onTestFinished(async () => {
      await expectServed(beside);
      await server.close({ timeout: 0 });
    });
  }
  const peer = connect(server.port, '127.0.0.1').on('error', () => {});
  peer.write(`${GOOD}\r\n`);
  onTestFinished(() => void peer.destroy());
  let head = '';
  for (;;) {
    const [chunk] = (await once(peer, 'data')) as [Buffer];
    head += chunk.toString('latin1');
    if (head.includes('\r\n\r\n')) break;
  }
  peer.pause();
  return { ours: await arrival, peer, frame: (opcode, payload) => frame({ opcode, payload, key: KEY }) };
}

/** Writes without end: as fast as the other side takes it. */
async function pour(peer: NetSocket, bytes: Uint8Array, times: number): Promise<void> {
  for (let i = 0; i < times; i++) if (!peer.write(bytes)) await once(peer, 'drain');
}

/** Round trips beside it: the event loop has turned, and so has the kernel. */
async function meanwhile(times = 10): Promise<void> {
  for (let i = 0; i < times; i++) await witness.ping();
}

function held(): number {
  gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

/** The last eight bytes of what ours has sent, unmasked where a client has. */
function textAtEnd(bytes: Uint8Array, role: string): string {
  const payload = bytes.subarray(-8);
  const key = bytes.subarray(-12, -8);
  return String.fromCharCode(...payload.map((byte, i) => (role === 'client' ? byte ^ key[i % 4]! : byte)));
}

/** The witness of a server has to be quicker than that, on a machine that does other things too. */
const PATIENCE: Record<string, number> = { server: 1000, client: 50 };

describe.each(['server', 'client'])('against a %s', (role) => {
  test('a ping flood from a peer that does not read: one pong waits, the latest', async () => {
    const { ours, peer, frame } = await duel(role);
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(PING, new Uint8Array(125))));
    await pour(peer, pings, 200);
    peer.write(frame(PING, 'the last'));
    peer.write(frame(TEXT, 'done'));
    expect(await ours.receive()).toBe('done');
    // What the kernel did not take of one flush; not 25 MB of pongs.
    expect(ours.bufferedAmount).toBeLessThan(MIB);
    let tail: Uint8Array = new Uint8Array(0);
    peer.on('data', (chunk) => (tail = Buffer.concat([tail, chunk]).subarray(-14)));
    peer.resume();
    await vi.waitUntil(() => tail.length > 0 && textAtEnd(tail, role) === 'the last', { timeout: 15_000 });
    expect(ours.bufferedAmount).toBe(0);
  });

  test('a flood of pongs that nobody asked for: nothing is kept', async () => {
    const { ours, peer, frame } = await duel(role);
    const pongs = Buffer.concat(Array.from({ length: 1000 }, () => frame(PONG, new Uint8Array(125))));
    const before = held();
    await pour(peer, pongs, 200);
    peer.write(frame(TEXT, 'done'));
    expect(await ours.receive()).toBe('done');
    expect(held() - before).toBeLessThan(8 * MIB);
    expect(ours.bufferedAmount).toBe(0);
  });

  test('a peer that does not read: send waits, and past the limit the connection ends', async () => {
    const { ours } = await duel(role);
    const message = new Uint8Array(256 * 1024);
    let waiting = 0;
    // As long as the kernel takes it, a send resolves at once.
    for (let state = ''; state !== 'waiting';) {
      const sending = ours.send(message).then(() => 'sent');
      state = await Promise.race([sending, meanwhile(3).then(() => 'waiting')]);
      waiting = ours.bufferedAmount;
    }
    expect(waiting).toBeGreaterThanOrEqual(64 * 1024);
    expect(ours.trySend('dropped')).toBe(false);
    const sends = Array.from({ length: 20 }, () => ours.send(message).catch((error: Error) => error.name));
    expect((await Promise.all(sends)).at(-1)).toBe('ConnectionLostError');
    expect(await ours.closed).toMatchObject({ code: 1006, error: { message: expect.stringMatching('wait') } });
  });

  test('a consumer that does not receive: the peer is held up, and nothing is lost', async () => {
    const { ours, peer, frame } = await duel(role);
    const message = frame(BINARY, new Uint8Array(MIB));
    const before = held();
    for (let i = 0; i < 64; i++) peer.write(message);
    peer.write(frame(TEXT, 'the end'));
    // It goes on until the queue and the kernel are full.
    for (let last = -1; last !== peer.writableLength; await meanwhile(20)) last = peer.writableLength;
    expect(peer.writableLength).toBeGreaterThan(16 * MIB);
    // 16 messages or 16 MiB, the one in progress, and the 64 that the peer here shares.
    expect(held() - before).toBeLessThan(40 * MIB);
    for (let i = 0; i < 64; i++) expect((await ours.receive()).length).toBe(MIB);
    expect(await ours.receive()).toBe('the end');
  });

  test('a half-open peer is ended by keepalive, which names the pong', async () => {
    const { ours, peer } = await duel(role, { pingInterval: 20, pongTimeout: PATIENCE[role] });
    peer.resume();
    expect(await ours.closed).toMatchObject({ code: 1006, clean: false, error: { name: 'TimeoutError' } });
    expect((await ours.closed).error!.message).toMatch('pong');
  });

  test('any received byte counts as life', async () => {
    const { ours, peer, frame } = await duel(role, { pingInterval: 20, pongTimeout: 5000 });
    const message = frame(TEXT, 'slow');
    let sent = 0;
    // No pong ever: a byte of a message for each ping.
    peer.on('data', () => void (sent < message.length && peer.write(message.subarray(sent, ++sent))));
    peer.resume();
    expect(await ours.receive()).toBe('slow');
    expect(sent).toBe(message.length);
  });

  test.each(['destroy', 'end'] as const)(
    'an end in a frame, by %s: 1006, and what was whole comes first',
    async (how) => {
      const { ours, peer, frame } = await duel(role);
      peer.write(frame(TEXT, 'one'));
      peer.write(frame(TEXT, 'two'));
      await new Promise((resolve) => peer.write(frame(TEXT, 'partial').subarray(0, 8), resolve));
      const received = [ours.receive(), ours.receive()];
      // The kernel throws away what was not read when a reset comes: see that it is.
      if (how === 'destroy') await Promise.all(received);
      if (how === 'destroy') peer.resetAndDestroy();
      else peer.end();
      expect(await ours.closed).toMatchObject({
        code: 1006,
        received: undefined,
        error: { name: 'ConnectionLostError' },
      });
      expect(await Promise.all(received)).toEqual(['one', 'two']);
      await expect(ours.receive()).rejects.toMatchObject({ name: 'ConnectionLostError' });
    },
  );

  test('a Close that is never answered ends at the deadline', async () => {
    const { ours, peer } = await duel(role);
    peer.resume();
    expect(await ours.close(4000)).toMatchObject({ code: 1006, clean: false, error: { name: 'TimeoutError' } });
  });

  test('a peer that keeps sending after our Close does not put the deadline off', async () => {
    const { ours, peer, frame } = await duel(role);
    const flood = setInterval(() => peer.write(frame(TEXT, 'and another thing')), 1);
    onTestFinished(() => clearInterval(flood));
    peer.resume();
    expect(await ours.close()).toMatchObject({ code: 1006, clean: false, error: { name: 'TimeoutError' } });
  });

  test('both sides close at once: clean, and each with its own code', async () => {
    const { ours, peer, frame } = await duel(role);
    const closed = ours.close(4000);
    expect(ours.close(4001)).toBe(closed);
    peer.write(frame(CLOSE, closePayload(4002)));
    peer.once('data', () => peer.end());
    peer.resume();
    expect(await closed).toMatchObject({ code: 4002, sent: { code: 4000 }, clean: true });
  });

  test('a message of one byte out of a large read does not keep that alive', async () => {
    const { ours, peer, frame } = await duel(role);
    peer.write(Buffer.concat([frame(BINARY, 'x'), frame(BINARY, new Uint8Array(60_000)), frame(BINARY, 'y')]));
    for (const size of [1, 60_000, 1]) {
      const message = (await ours.receive()) as Uint8Array;
      expect([message.length, message.buffer.byteLength < size + 16 * 1024]).toEqual([size, true]);
    }
  });

  test('a frame that dribbles in holds what has come, not what was announced', async () => {
    const { ours, peer, frame } = await duel(role);
    const message = frame(BINARY, new Uint8Array(15 * MIB));
    peer.setNoDelay(true);
    const before = held();
    for (let i = 0; i < 2000; i++) await new Promise((resolve) => peer.write(message.subarray(i, i + 1), resolve));
    await meanwhile();
    expect(held() - before).toBeLessThan(4 * MIB);
    peer.resetAndDestroy();
    expect(await ours.closed).toMatchObject({ code: 1006 });
  });

  test.each([
    ['rubbish', '\xff\xfe<script>\x1b[2J secret'],
    ['an invalid reason', '\x88\x08\x03\xe8\xff\x1bsecr'],
  ])('error texts say nothing of its bytes: %s', async (_, bytes) => {
    const { ours, peer } = await duel(role);
    peer.write(bytes, 'latin1');
    const { error } = await ours.closed;
    expect(error).toBeInstanceOf(Error);
    for (let one = error as Error | undefined; one !== undefined; one = one.cause as Error | undefined) {
      expect(one.message).toMatch(/^[\x20-\x7e]+$/);
      expect(one.message).not.toMatch(/script|secr/);
    }
  });

  test('whatever a callback does to the connection, it has one end, and nothing after it', async () => {
    const events = ['open', 'message', 'ping', 'pong', 'closeFrame', 'close', 'messageStart'] as const;
    for (const event of events) {
      for (const how of ['terminate', 'close', 'throw'] as const) await ends(role, event, how);
    }
  });
});

/** Does this in this callback of one side, and expects one `close`, which is the last of all. */
async function ends(role: string, event: keyof Handlers, how: 'terminate' | 'close' | 'throw'): Promise<void> {
  const log: string[] = [];
  let over!: () => void;
  const end = new Promise<void>((resolve) => (over = resolve));
  const note = (name: keyof Handlers) => (socket: Socket) => {
    log.push(name);
    if (name === 'open' && event === 'messageStart') socket.streamNext();
    if (name === 'close') over();
    if (name !== event) return;
    if (how === 'throw') throw new Error('of a callback');
    socket[how]();
  };
  const names = [
    'open',
    'message',
    'ping',
    'pong',
    'closeFrame',
    'close',
    'messageStart',
    'messageChunk',
    'messageEnd',
  ];
  const ours = Object.fromEntries(names.map((name) => [name, note(name as keyof Handlers)])) as Handlers;
  // Without an `error` of its own: nothing is thrown out of the library then either.
  const theirs: Handlers = {
    open: (socket) => void (socket.ping(), socket.pong(), socket.send('hello'), socket.send('again')),
    pong: (socket) => socket.close(),
  };
  const listener = await serve({ host: '127.0.0.1', port: 0, closeTimeout: 200 }, role === 'server' ? ours : theirs);
  connectSocket(listener.url, { closeTimeout: 200 }, role === 'server' ? theirs : ours);
  await end;
  listener.stopListening();
  await listener.closed;
  await meanwhile(1);
  expect([event, how, log.filter((name) => name === 'close'), log.at(-1)]).toEqual([event, how, ['close'], 'close']);
}

describe('a handler', () => {
  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('of the handler');
      },
    ],
    ['rejects', () => Promise.reject(new Error('of the handler'))],
  ])('that %s is reported once and closes with 1011', async (_, fail) => {
    errors.length = 0;
    handler = fail;
    const ws = await open(witnessed.url);
    expect(await ws.closed).toMatchObject({ code: 1011, clean: true });
    expect(errors).toEqual([expect.objectContaining({ message: 'of the handler' })]);
  });

  test('that throws with no listener at all ends nothing but its connection', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    const server = await listen({ host: '127.0.0.1', port: 0 }, (ws) =>
      ws.request!.path === '/witness' ? echo(ws) : Promise.reject(new Error('of the handler')),
    );
    const beside = await open(`${server.url}/witness`);
    const ws = await open(server.url);
    expect(await ws.closed).toMatchObject({ code: 1011 });
    await expectServed(beside);
    await server.close();
    expect(print.mock.calls).toHaveLength(1);
    print.mockRestore();
  });

  test('that never settles does not keep a server from closing', async () => {
    const server = await listen({ host: '127.0.0.1', port: 0 }, () => new Promise(() => {}));
    const ws = await open(server.url);
    await server.close({ timeout: 50 });
    expect((await ws.closed).code).toBe(1001);
  });
});

test('when all is closed no handle and no listener of it is left', async () => {
  const handles = () => process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe|GetAddrInfo)/.test(name)).length;
  const before = handles();
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, 'addEventListener');
  const remove = vi.spyOn(signal, 'removeEventListener');
  const server = await listen({ host: '127.0.0.1', port: 0 }, echo);
  const sockets = await Promise.all(Array.from({ length: 10 }, () => open(server.url, { signal })));
  expect(handles()).toBe(before + 21);
  for (const ws of sockets.slice(5)) ws.terminate();
  await server.close();
  await Promise.all(sockets.map((ws) => ws.closed));
  await vi.waitUntil(() => handles() <= before, { timeout: 10_000 });
  expect(remove.mock.calls.length).toBe(add.mock.calls.length);
  // One listener for all who share a signal.
  expect(add.mock.calls.length).toBe(1);
});
