/** Connections that something else has opened, in both roles, over streams of every kind. */
import { once } from 'node:events';
import { createServer as createHttpServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as connectTcp, createServer, type Socket as NetSocket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  adopt,
  type AdoptedOpening,
  type AdoptOptions,
  type Handlers,
  type Socket,
} from '../../../drivers/node/index.ts';
import { acceptKey, InvalidStateError } from '../../../protocol/index.ts';
import { frame, KEY, parseFrames, PONG, TEXT, utf8 } from '../../support/frames.ts';
import { HostileStream, STREAM_MEMBERS, StreamError } from '../../../fuzz/support/hostile-stream.ts';
import { duplexPair } from './client/duplex-pair.ts';

const nothing = new Uint8Array(0);

/** Two ends of a TCP connection. */
async function tcpPair(): Promise<[NetSocket, NetSocket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const there = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
  const [here] = (await once(server, 'connection')) as [NetSocket];
  onTestFinished(() => {
    here.destroy();
    there.destroy();
    server.close();
  });
  return [here, there];
}

interface Party {
  readonly socket: Socket<unknown>;
  readonly told: string[];
  readonly closed: Promise<void>;
}

function party(stream: Duplex, opening: AdoptedOpening, options: AdoptOptions = {}, handlers: Handlers = {}): Party {
  const told: string[] = [];
  let finish: () => void;
  const closed = new Promise<void>((resolve) => (finish = resolve));
  const socket = adopt(stream, nothing, opening, options, {
    ...handlers,
    open(one) {
      told.push('open');
      handlers.open?.(one);
    },
    message(one, data, binary) {
      told.push(`${binary ? 'binary' : 'text'} ${typeof data === 'string' ? data : data.length}`);
      handlers.message?.(one, data, binary);
    },
    close(one, info) {
      told.push(`close ${info.code}`);
      handlers.close?.(one, info);
      finish();
    },
  });
  return { socket, told, closed };
}

test.each([
  ['TCP', tcpPair],
  ['a Duplex', () => Promise.resolve(duplexPair())],
])('both roles talk over %s, compressed with what was agreed on elsewhere', async (_, makePair) => {
  const [here, there] = await makePair();
  const opening = { extensions: 'permessage-deflate; server_no_context_takeover', compress: { threshold: 0 } };
  const server = party(
    here,
    { role: 'server', subprotocol: 'chat', ...opening },
    {},
    {
      message: (socket, data) => void socket.send(data),
    },
  );
  const client = party(
    there,
    { role: 'client', ...opening },
    {},
    {
      open(socket) {
        socket.send('ä'.repeat(100));
        socket.send(new Uint8Array(5000));
      },
      message(socket, data) {
        if (typeof data !== 'string') socket.close(4001);
      },
    },
  );
  expect([server.socket.state, server.socket.protocol, client.socket.extensions]).toEqual([
    'open',
    'chat',
    opening.extensions,
  ]);
  await Promise.all([server.closed, client.closed]);
  expect(client.told).toEqual(['open', `text ${'ä'.repeat(100)}`, 'binary 5000', 'close 4001']);
  expect(server.told).toEqual(client.told);
});

test('no handler is called before the caller has the socket, and open is called before what the head has', async () => {
  const [here] = await tcpPair();
  const told: string[] = [];
  const head = frame({ opcode: TEXT, payload: 'early', key: KEY });
  const socket = adopt(
    here,
    head,
    { role: 'server' },
    {},
    {
      open: (one) => void told.push(`open ${one === socket}`),
      message: (_, data) => void told.push(String(data)),
    },
  );
  expect(told).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['open true', 'early']);
  expect(head).toEqual(frame({ opcode: TEXT, payload: 'early', key: KEY }));
});

test('what the stream had read before it was adopted comes behind the head', async () => {
  const [here, there] = await tcpPair();
  there.write(frame({ opcode: TEXT, payload: 'two', key: KEY }));
  await once(here, 'readable');
  const told: string[] = [];
  const done = new Promise<void>((resolve) => {
    adopt(
      here,
      frame({ opcode: TEXT, payload: 'one', key: KEY }),
      { role: 'server' },
      {},
      {
        message(_, data) {
          told.push(String(data));
          if (told.length === 3) resolve();
        },
      },
    );
  });
  there.write(frame({ opcode: TEXT, payload: 'three', key: KEY }));
  await done;
  expect(told).toEqual(['one', 'two', 'three']);
});

test.each(['before it', ''])('what the stream brings in the same turn comes behind the head: %j', async (head) => {
  const [here, there] = duplexPair();
  // A stream that has been read from before gives out at once what it is given.
  here.once('data', () => {});
  there.write('a request');
  await once(here, 'data');
  const told: string[] = [];
  const early = head === '' ? nothing : frame({ opcode: TEXT, payload: head, key: KEY });
  adopt(
    here,
    early,
    { role: 'server' },
    {},
    { open: () => void told.push('open'), message: (_, data) => void told.push(String(data)) },
  );
  there.write(frame({ opcode: TEXT, payload: 'at once', key: KEY }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['open', head, 'at once'].filter((one) => one !== ''));
});

test('a stream that is gone already ends it as any loss does', async () => {
  const [here] = await tcpPair();
  here.destroy();
  await once(here, 'close');
  const { told, closed, socket } = party(here, { role: 'server' });
  await closed;
  expect(told).toEqual(['open', 'close 1006']);
  expect(socket.state).toBe('closed');
});

describe('a stream that is read by somebody else', () => {
  test.each<[string, (stream: Duplex) => unknown]>([
    ['a listener', (stream) => stream.on('readable', () => {})],
    ['a loop', (stream) => void stream[Symbol.asyncIterator]().next()],
  ])('is refused, as nothing of it would come: %s', (_, read) => {
    const [here] = duplexPair();
    read(here);
    const before = here.listenerCount('close');
    expect(() => party(here, { role: 'server' })).toThrow(
      new InvalidStateError(
        "this stream is read by somebody else, by a listener for 'readable' or a loop over it: what comes would reach nobody here",
      ),
    );
    expect(here.listenerCount('close')).toBe(before); // nothing has changed
  });

  test('once alone is not', async () => {
    const [here, there] = duplexPair();
    here.once('readable', () => {});
    const { told } = party(here, { role: 'server' });
    there.write(frame({ opcode: TEXT, payload: 'heard', key: KEY }));
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['open', 'text heard']);
  });
});

test('who ends it before it opens is told of the end, and of nothing after it', async () => {
  const [here] = duplexPair();
  const { told, closed, socket } = party(here, { role: 'client' });
  socket.terminate();
  await closed;
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['close 1006']);
});

test.each(STREAM_MEMBERS)('a stream whose %s throws is the end of its own connection alone', async (member) => {
  for (const from of [0, 1, 2]) {
    const stream = new HostileStream([{ member, from, times: 1000 }], false);
    let one: Party;
    try {
      one = party(stream, { role: 'server' }, { closeTimeout: 5 });
    } catch (error) {
      expect(error).toBeInstanceOf(StreamError); // it could not even be taken over
      continue;
    }
    one.socket.send('hello');
    stream.bring(frame({ opcode: TEXT, payload: 'hello', key: KEY }));
    await new Promise((resolve) => setImmediate(resolve));
    expect(one.socket.bufferedAmount).toBeTypeOf('number');
    stream.bring(null);
    await one.closed;
    expect(one.told.filter((line) => line.startsWith('close'))).toHaveLength(1);
  }
});

describe.each(['destroy', 'end'] as const)('what is sent on a stream that somebody else has called %s on', (ending) => {
  test.each([
    ['a socket', tcpPair],
    ['another', duplexPair],
  ])('is told to be lost, and so is the end: %s', async (_, pair) => {
    for (const size of [1, 300_000]) {
      const [here, there]: Duplex[] = await pair();
      const { closed, socket } = party(here, { role: 'server' });
      there.resume();
      await new Promise((resolve) => setImmediate(resolve));
      here[ending]();
      const sent = new Promise((resolve) => socket.send(new Uint8Array(size), { onSent: resolve }));
      expect(await sent).toBeInstanceOf(Error);
      await closed;
    }
  });

  test.each([
    ['a socket', tcpPair],
    ['another', duplexPair],
  ])('and a Close frame does not count as sent: %s', async (_, pair) => {
    const [here, there]: Duplex[] = await pair();
    const ends: unknown[] = [];
    const { closed, socket } = party(
      here,
      { role: 'server' },
      { closeTimeout: false },
      { close: (_one, { sent, first, clean }) => void ends.push({ sent, first, clean }) },
    );
    there.resume();
    await new Promise((resolve) => setImmediate(resolve));
    here[ending]();
    socket.close(4000);
    await closed;
    expect(ends).toEqual([{ sent: undefined, first: undefined, clean: false }]);
  });
});

test('a stream that throws at what a handler sends ends with that error', async () => {
  const broken = new Error('broken');
  const stream = new Duplex({ read() {} });
  stream.write = () => {
    throw broken;
  };
  const ends: unknown[] = [];
  adopt(
    stream,
    frame({ opcode: TEXT, payload: 'much', key: KEY }),
    { role: 'server' },
    {},
    {
      message: (socket) => void socket.send(new Uint8Array(1_000_000)),
      close: (_socket, { error }) => void ends.push(error?.cause),
    },
  );
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  expect({ ends, destroyed: stream.destroyed }).toEqual({ ends: [broken], destroyed: true });
});

describe('a Duplex that hands on the memory it was given', () => {
  test('carries what was sent, however long it holds that', async () => {
    const held: Uint8Array[] = [];
    const stream = new Duplex({
      read() {},
      write(chunk: Uint8Array, _encoding, done) {
        held.push(chunk);
        done();
      },
    });
    const { socket } = party(stream, { role: 'client' });
    const payload = new Uint8Array(10_000).fill(7);
    for (let i = 0; i < 1000; i++) {
      socket.send(`message ${i}`);
      if (i % 100 === 0) socket.send(payload);
      socket.flush();
    }
    payload.fill(9); // it has left
    const frames = parseFrames(Buffer.concat(held));
    const texts = frames.filter(({ opcode }) => opcode === TEXT).map(({ payload }) => Buffer.from(payload).toString());
    expect(texts).toEqual(Array.from({ length: 1000 }, (_, i) => `message ${i}`));
    const bytes = frames.filter(({ opcode }) => opcode !== TEXT);
    for (const one of bytes) expect(one.payload.every((byte) => byte === 7)).toBe(true);
    expect(bytes).toHaveLength(10);
    socket.terminate();
  });

  test('keeps what it brings as it was', async () => {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const { socket, told } = party(stream, { role: 'server' });
    const chunk = Buffer.from(frame({ opcode: TEXT, payload: 'again', key: KEY }));
    for (let i = 0; i < 3; i++) stream.push(chunk);
    await expect.poll(() => told, { interval: 1 }).toEqual(['open', 'text again', 'text again', 'text again']);
    socket.terminate();
  });
});

test('what can’t have been agreed on, and bad options, throw', async () => {
  const [here] = duplexPair();
  const attempt = (opening: Partial<AdoptedOpening>, options: AdoptOptions = {}) =>
    adopt(here, nothing, { role: 'server', ...opening }, options, {});
  expect(() => attempt({ extensions: 'x-other' })).toThrow(/can't have been agreed on/);
  expect(() => attempt({}, { maxFrameSize: -1 })).toThrow(RangeError);
  expect(() => attempt({}, { text: 'Buffer' as 'bytes' })).toThrow(TypeError);
});

test('text comes as bytes, pings are left alone, and faults are told with their kind while the connection lasts', async () => {
  const [here, there] = await tcpPair();
  const told: string[] = [];
  const done = new Promise<void>((resolve) => {
    adopt(
      here,
      nothing,
      { role: 'server' },
      { text: 'bytes', autoPong: false, explainFaults: false },
      {
        message: (_, data, binary) => void told.push(`${Buffer.from(data as Uint8Array)} ${binary}`),
        ping: (socket, payload) => {
          told.push('ping');
          socket.pong(payload);
        },
        fault(socket, error) {
          told.push(`fault ${error.kind} ${error.found} ${socket.state}`);
          resolve();
        },
      },
    );
  });
  there.write(frame({ opcode: TEXT, payload: 'ü', key: KEY }));
  there.write(frame({ opcode: 9, payload: 'p', key: KEY }));
  there.write(frame({ opcode: 5, key: KEY }));
  await done;
  const chunks: Buffer[] = [];
  for await (const chunk of there) chunks.push(chunk as Buffer);
  expect(told).toEqual(['ü false', 'ping', 'fault opcode 5 closing']);
  const sent = parseFrames(Buffer.concat(chunks)).map(({ opcode, payload }) => [opcode, [...payload]]);
  expect(sent).toEqual([
    [10, [112]],
    [8, [3, 234]],
  ]);
});

test('an HTTP client of Node’s hands its connection over', async () => {
  const server = createHttpServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  server.on('upgrade', (request: IncomingMessage, stream, head) => {
    stream.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${acceptKey(request.headers['sec-websocket-key']!)}\r\n\r\n`,
    );
    adopt(stream, head, { role: 'server' }, {}, { open: (socket) => void socket.send('hello') });
  });
  const request = get({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  });
  const [, stream, head] = (await once(request, 'upgrade')) as [IncomingMessage, NetSocket, Buffer];
  const said = await new Promise((resolve) => {
    adopt(
      stream,
      head,
      { role: 'client' },
      {},
      {
        message(socket, data) {
          resolve(data);
          socket.close();
        },
      },
    );
  });
  expect(said).toBe('hello');
});

test('a frame that arrives longer than maxFrameSize allows to send is read all the same', async () => {
  const [here, there] = duplexPair();
  const options = { maxFrameSize: 8 };
  const server = party(here, { role: 'server' }, options, { message: (socket, data) => void socket.send(data) });
  const client = party(
    there,
    { role: 'client' },
    {},
    {
      open: (socket) => void socket.send(utf8('x'.repeat(100))),
      message: (socket) => socket.close(),
    },
  );
  await Promise.all([server.closed, client.closed]);
  expect(client.told).toEqual(['open', 'binary 100', 'close 1000']);
});

test.each([
  ['a message', 'a push to it'],
  ['a message', 'a write that it answers at once'],
  ['a pong', 'a push to it'],
  ['a pong', 'a write that it answers at once'],
])(
  'within the handler of %s, what %s brings comes behind that event, in order, and then the end',
  async (event, by) => {
    const written: Buffer[] = [];
    let isAnswered = false;
    const answer = () => {
      if (isAnswered) return;
      isAnswered = true;
      for (const payload of ['one', 'two']) stream.push(frame({ opcode: TEXT, payload, key: KEY }));
      stream.push(null);
    };
    const stream: Duplex = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk);
        answer();
        done();
      },
    });
    const told: string[] = [];
    const react = (what: string, socket: Socket<unknown>) => {
      told.push(`${what} begins`);
      if (by === 'a push to it') answer();
      socket.send(what);
      socket.flush();
      told.push(`${what} is over`);
    };
    const closed = new Promise<void>((resolve) => {
      const handlers: Handlers = {
        pong: (socket) => react('zero', socket),
        message: (socket, data) => react(String(data), socket),
        close(_, { code, error }) {
          told.push(`close ${code} ${error?.name}`);
          resolve();
        },
      };
      adopt(stream, nothing, { role: 'server' }, {}, handlers);
    });
    await new Promise((resolve) => setImmediate(resolve));
    stream.push(frame(event === 'a pong' ? { opcode: PONG, key: KEY } : { opcode: TEXT, payload: 'zero', key: KEY }));
    await closed;
    const all = ['zero', 'one', 'two'];
    expect(told).toEqual([
      ...all.flatMap((what) => [`${what} begins`, `${what} is over`]),
      'close 1006 ConnectionLostError',
    ]);
    expect(parseFrames(Buffer.concat(written)).map(({ payload }) => String(Buffer.from(payload)))).toEqual(all);
  },
);
