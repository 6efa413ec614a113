/**
 * A peer that sends its last messages and a Close frame and is gone, with bytes of ours unread: the kernel resets the
 * connection, and a write of ours fails while all that lies unread on this side. It is read before the end is judged.
 */
import { once } from 'node:events';
import http2, { type Http2Stream, type ServerHttp2Stream } from 'node:http2';
import { connect as connectTcp, type AddressInfo, type Socket as NetSocket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listen, open, type WebSocket } from '../../../drivers/index.ts';
import { type Certificate, makeCertificate } from '../../support/certificates.ts';
import { CLOSE, closePayload, frame, KEY, TEXT, type FrameSpec } from '../../support/frames.ts';
import { keepWitness, rawServer, switching } from './client/support.ts';
import { GOOD } from './hostile.ts';

keepWitness();

let tls: Certificate;
beforeAll(() => {
  tls = makeCertificate('DNS:localhost,IP:127.0.0.1');
});

interface Rig {
  readonly ours: WebSocket;
  /** The peer writes this. */
  write(spec: FrameSpec): void;
  /** The peer ends its side, and does not read. */
  end(): void;
  /** The peer writes these frames and is gone, and with it whatever it has not read. Calls back right after that. */
  hangUp(frames: readonly FrameSpec[], then: () => void): void;
}

type Options = { closeTimeout?: number; receiveQueue?: number; pingInterval?: number };
type Carrier = 'TCP' | 'TLS' | 'HTTP/2';

/** The peer of a connection with ours in this role. It reads nothing once the connection is open. */
function makeRig(role: string, carrier: Carrier, options: Options): Promise<Rig> {
  if (carrier === 'HTTP/2') return role === 'client' ? http2Server(options) : http2Client(options);
  return role === 'client' ? byteServer(carrier, options) : byteClient(carrier, options);
}

async function byteServer(carrier: Carrier, options: Options): Promise<Rig> {
  let arrive!: (socket: NetSocket) => void;
  const arrival = new Promise<NetSocket>((resolve) => (arrive = resolve));
  const server = await rawServer(
    (socket, head) => {
      socket.pause();
      socket.write(switching(head));
      arrive(socket);
    },
    carrier === 'TLS' ? tls : undefined,
  );
  const scheme = carrier === 'TLS' ? 'wss' : 'ws';
  const ours = await open(`${scheme}://127.0.0.1:${server.port}/`, { tls: { ca: tls.cert }, ...options });
  return rigOf(ours, await arrival, undefined);
}

async function byteClient(carrier: Carrier, options: Options): Promise<Rig> {
  const arrival = accepting({ ...(carrier === 'TLS' ? { tls } : {}), ...options });
  const port = (await arrival.server).port;
  const peer: NetSocket =
    carrier === 'TLS' ? connectTls({ port, host: '127.0.0.1', ca: tls.cert }) : connectTcp({ port, host: '127.0.0.1' });
  peer.on('error', () => {}).write(`${GOOD}\r\n`);
  await once(peer, 'data');
  peer.pause();
  return rigOf(await arrival.webSocket, peer, KEY);
}

function rigOf(ours: WebSocket, peer: NetSocket, key: FrameSpec['key']): Rig {
  onTestFinished(() => (ours.terminate(), void peer.destroy()));
  return {
    ours,
    write: (spec) => void peer.write(join([spec], key)),
    end: () => void peer.end(),
    hangUp: (frames, then) => {
      peer.write(join(frames, key));
      peer.destroy();
      then();
    },
  };
}

async function http2Server(options: Options): Promise<Rig> {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = once(server, 'connection') as Promise<[NetSocket]>;
  const arrival = new Promise<ServerHttp2Stream>((resolve) => server.once('stream', resolve));
  const opening = open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, { http2: true, ...options });
  const stream = await arrival;
  stream.respond({ ':status': 200 });
  onTestFinished(() => void server.close());
  return http2RigOf(await opening, stream, (await connection)[0], undefined);
}

async function http2Client(options: Options): Promise<Rig> {
  const arrival = accepting({ http2: true, ...options });
  const socket = connectTcp((await arrival.server).port, '127.0.0.1');
  const session = http2.connect('http://127.0.0.1', { createConnection: () => socket });
  session.on('error', () => {});
  await once(session, 'remoteSettings');
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':path': '/',
      ':authority': '127.0.0.1',
      'sec-websocket-version': '13',
    },
    { endStream: false },
  );
  await once(stream, 'response');
  return http2RigOf(await arrival.webSocket, stream, socket, KEY);
}

function http2RigOf(ours: WebSocket, stream: Http2Stream, socket: NetSocket, key: FrameSpec['key']): Rig {
  stream.on('error', () => {});
  onTestFinished(() => (ours.terminate(), void stream.session?.destroy()));
  return {
    ours,
    write: (spec) => void stream.write(join([spec], key)),
    end: () => void stream.end(),
    hangUp: (frames, then) => {
      // Called back once flow control has let all of it go, and the kernel has it.
      stream.write(join(frames, key), () => {
        socket.destroy();
        then();
      });
    },
  };
}

function accepting(options: object) {
  let arrive!: (ws: WebSocket) => void;
  const webSocket = new Promise<WebSocket>((resolve) => (arrive = resolve));
  const server = listen({ host: '127.0.0.1', port: 0, ...options }, (ws) => (arrive(ws), ws.closed));
  onTestFinished(async () => void (await server).close({ timeout: 0 }));
  return { server, webSocket };
}

const LAST: FrameSpec = { opcode: TEXT, payload: 'the last word' };
const TOO_BIG: FrameSpec = { opcode: CLOSE, payload: closePayload(4001, 'that was too much') };

const CARRIERS: readonly Carrier[] = ['TCP', 'TLS', 'HTTP/2'];
const BOTH = ['client', 'server'].flatMap((role) => CARRIERS.map((carrier) => [role, carrier] as const));

describe.each(BOTH)('a %s over %s whose write fails', (role, carrier) => {
  test('receives the last message, and is told the Close frame’s code', async () => {
    const { ours, hangUp } = await makeRig(role, carrier, {});
    await sendUnread(ours);
    hangUp([LAST, TOO_BIG], () => void ours.send('fails').catch(() => {}));
    expect(await ours.receive()).toBe('the last word');
    await expect(ours.receive()).rejects.toMatchObject({ code: 4001, reason: 'that was too much' });
    expect(await ours.closed).toMatchObject({ code: 4001, reason: 'that was too much' });
  });

  test('receives what takes several reads', async () => {
    const { ours, hangUp, write } = await makeRig(role, carrier, {});
    // The kernel has room for as much as is being read.
    write({ opcode: TEXT, payload: 'x'.repeat(4_000_000) });
    await ours.receive();
    // And HTTP/2's flow control, once its windows are as they were.
    await turns(20);
    await sendUnread(ours);
    const large = 'x'.repeat(80_000);
    hangUp([{ opcode: TEXT, payload: large }, LAST, TOO_BIG], () => void ours.send('fails').catch(() => {}));
    expect(await ours.receive()).toBe(large);
    expect(await ours.receive()).toBe('the last word');
    expect(await ours.closed).toMatchObject({ code: 4001 });
  });

  test('delivers to a consumer that had stopped receiving, as it goes on', async () => {
    const { ours, hangUp } = await makeRig(role, carrier, { receiveQueue: 2 });
    await sendUnread(ours);
    const frames = Array.from({ length: 40 }, (_, i): FrameSpec => ({ opcode: TEXT, payload: `${i}` }));
    hangUp([...frames, TOO_BIG], () => void ours.send('fails').catch(() => {}));
    await turns(20);
    ours.send('fails as well').catch(() => {});
    await turns(20);
    for (let i = 0; i < 40; i++) expect(await ours.receive()).toBe(`${i}`);
    await expect(ours.receive()).rejects.toMatchObject({ code: 4001 });
    expect(await ours.closed).toMatchObject({ code: 4001 });
  });

  test('delivers to a consumer that does not go on, at the deadline', async () => {
    const { ours, hangUp } = await makeRig(role, carrier, { receiveQueue: 2, closeTimeout: 50 });
    await sendUnread(ours);
    const frames = Array.from({ length: 40 }, (_, i): FrameSpec => ({ opcode: TEXT, payload: `${i}` }));
    hangUp([...frames, TOO_BIG], () => void ours.send('fails').catch(() => {}));
    await turns(20);
    ours.send('fails as well').catch(() => {});
    expect(await ours.closed).toMatchObject({ code: 4001 });
    for (let i = 0; i < 40; i++) expect(await ours.receive()).toBe(`${i}`);
    await expect(ours.receive()).rejects.toMatchObject({ code: 4001 });
  });
});

test.each(['client', 'server'])('a %s over TCP is right 30 times of 30', async (role) => {
  for (let i = 0; i < 30; i++) {
    const { ours, hangUp } = await makeRig(role, 'TCP', {});
    await sendUnread(ours);
    hangUp([LAST, TOO_BIG], () => void ours.send('x'.repeat(i * 4096)).catch(() => {}));
    expect(await ours.receive()).toBe('the last word');
    expect(await ours.closed).toMatchObject({ code: 4001 });
  }
});

test('a consumer that waits for what it sends is not waited for, and loses nothing', async () => {
  const { ours, hangUp } = await makeRig('server', 'TCP', { receiveQueue: 2 });
  const received: unknown[] = [];
  const echoing = (async () => {
    for await (const message of ours) received.push(await ours.send(message).then(() => message));
  })();
  await sendUnread(ours);
  const frames = Array.from({ length: 40 }, (_, i): FrameSpec => ({ opcode: TEXT, payload: `${i}` }));
  hangUp([...frames, TOO_BIG], () => void ours.send('fails').catch(() => {}));
  await expect(echoing).rejects.toMatchObject({ code: 4001 });
  for (;;) {
    const message = await ours.receive().catch(() => undefined);
    if (message === undefined) break;
    received.push(message);
  }
  // The one that could not be answered was received all the same.
  expect(received).toHaveLength(39);
});

test.each([
  ['client', 'TCP'],
  ['client', 'TLS'],
  ['server', 'TCP'],
  ['server', 'TLS'],
] as const)(
  'a %s over %s whose peer ends its side while a write is under way, and more waits',
  async (role, carrier) => {
    const { ours, end } = await makeRig(role, carrier, {});
    await turns(3);
    end();
    // A write over TLS is over in the next turn, after what has come was read.
    ours.send('under way').catch(() => {});
    await new Promise<void>((resolve) => process.nextTick(resolve));
    ours.send('waits').catch(() => {});
    // Over TLS, Node would have aborted the process at a second write.
    expect(await ours.closed).toMatchObject({ code: 1006, error: { name: 'ConnectionLostError' } });
  },
);

test('what was sent and did not leave is rejected, and nothing is taken for sent', async () => {
  const { ours, hangUp } = await makeRig('client', 'TCP', {});
  const waiting = ours.send(new Uint8Array(8 * 1024 * 1024));
  const settled = waiting.then(
    () => 'sent',
    (error: unknown) => error,
  );
  await turns(5);
  hangUp([LAST, TOO_BIG], () => {});
  expect(await ours.receive()).toBe('the last word');
  expect(await settled).toMatchObject({ code: 4001 });
});

test('what fails to be written at once is not taken for sent', async () => {
  const { ours, hangUp } = await makeRig('server', 'TCP', {});
  await sendUnread(ours);
  let sending!: Promise<unknown>;
  hangUp([TOO_BIG], () => {
    sending = ours.send(new Uint8Array(100_000)).catch((error: unknown) => error);
  });
  expect(await sending).toMatchObject({ code: 4001 });
});

/** A stream of the application's own, which fails to write whenever it is told to. */
class Foreign extends Duplex {
  isBroken = false;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.isBroken) return done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    if (chunk.includes('GET ')) this.push(switching(chunk.toString('latin1')));
    done();
  }
}

test.each([true, false])(
  'a foreign stream that destroys itself (%s) when a write fails gives what it holds',
  async (autoDestroy) => {
    const stream = new Foreign({ autoDestroy });
    const ours = await open('ws://foreign/', { createConnection: () => stream, receiveQueue: 1 });
    onTestFinished(() => ours.terminate());
    stream.push(frame({ opcode: TEXT, payload: 'first' }));
    await turns(3);
    for (let i = 0; i < 10; i++) stream.push(frame({ opcode: TEXT, payload: `${i}` }));
    stream.push(frame(TOO_BIG));
    stream.isBroken = true;
    await ours.send('fails').catch(() => {});
    expect(await ours.closed).toMatchObject({ code: 4001 });
    expect(await ours.receive()).toBe('first');
    for (let i = 0; i < 10; i++) expect(await ours.receive()).toBe(`${i}`);
    await expect(ours.receive()).rejects.toMatchObject({ code: 4001 });
  },
);

function join(frames: readonly FrameSpec[], key: FrameSpec['key']): Buffer {
  return Buffer.concat(frames.map((spec) => frame({ key, ...spec })));
}

/** Sends something that has left when this resolves, and that nobody has read by then: no turn of the event loop has passed. */
async function sendUnread(ours: WebSocket): Promise<void> {
  void ours.send('never read');
  await new Promise<void>((resolve) => process.nextTick(resolve));
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
