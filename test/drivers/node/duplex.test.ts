import { once } from 'node:events';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  InvalidStateError,
  listen,
  open,
  toDuplex,
  toStreams,
  type Server,
  type WebSocket,
} from '../../../drivers/index.ts';
import { createNetwork } from '../../../drivers/pipe/index.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close({ timeout: 1 });
});

/** Both ends of a connection over TCP, or over the pipe with its virtual clock. */
async function connected(how: 'tcp' | 'pipe'): Promise<{ near: WebSocket; far: WebSocket }> {
  let arrive!: (ws: WebSocket) => void;
  const arrived = new Promise<WebSocket>((resolve) => (arrive = resolve));
  const handler = async (ws: WebSocket) => {
    arrive(ws);
    await ws.closed;
  };
  if (how === 'pipe') {
    const network = createNetwork({ latency: 5 });
    servers.push(await network.listen({}, handler));
    return { near: await network.open('ws://far/'), far: await arrived };
  }
  const server = await listen({ host: '127.0.0.1', port: 0 }, handler);
  servers.push(server);
  return { near: await open(server.url), far: await arrived };
}

const rejection = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.unreachable('it should have been rejected'),
    (error: unknown) => error,
  );

describe.each(['tcp', 'pipe'] as const)('toDuplex over %s', (how) => {
  test('stands alone: neither a loop nor another stream receives beside it', async () => {
    const { near, far } = await connected(how);
    expect(() => toDuplex(near, { highWaterMark: 'much' as never })).toThrow(TypeError);
    const stream = toDuplex(near);
    for (const other of [() => toDuplex(near), () => toStreams(near), () => near[Symbol.asyncIterator]()]) {
      expect(other).toThrow(InvalidStateError);
    }
    await far.send('one');
    expect(await once(stream, 'data')).toEqual(['one']);
  });

  test('a chunk is a message: text stays text and bytes stay bytes, the empty ones too', async () => {
    const { near, far } = await connected(how);
    const stream = toDuplex(near);
    for (const message of ['text', Uint8Array.of(1, 2), '', new Uint8Array(0)]) stream.write(message);
    const received = [await far.receive(), await far.receive(), await far.receive(), await far.receive()];
    expect(received).toEqual(['text', Uint8Array.of(1, 2), '', new Uint8Array(0)]);
    for (const message of received) await far.send(message);
    const chunks: unknown[] = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    await Promise.all([once(stream, 'close'), far.close()]);
    expect(chunks).toEqual(['text', Buffer.of(1, 2), '', Buffer.alloc(0)]);
  });

  test('it ends after the last message when the peer closes normally', async () => {
    const { near, far } = await connected(how);
    for (const message of ['a', 'b', 'c']) await far.send(message);
    void far.close(1001);
    const stream = toDuplex(near);
    const chunks: unknown[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect([chunks, stream.errored]).toEqual([['a', 'b', 'c'], null]);
  });

  test('an end that is not normal is an error, after the messages before it', async () => {
    const { near, far } = await connected(how);
    await far.send('before');
    void far.close(3000, 'no more');
    const chunks: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of toDuplex(near)) chunks.push(chunk);
    })();
    expect(await rejection(reading)).toMatchObject({ name: 'WebSocketError', code: 3000, reason: 'no more' });
    expect(chunks).toEqual(['before']);
  });

  test('a transport that is lost destroys it, whether or not anybody reads', async () => {
    const { near, far } = await connected(how);
    const stream = toDuplex(near);
    far.terminate();
    const [error] = await once(stream, 'error');
    expect(error).toMatchObject({ name: 'ConnectionLostError', code: 1006 });
  });

  test('end() closes with 1000, and it finishes when the closing handshake is over', async () => {
    const { near, far } = await connected(how);
    const stream = toDuplex(near);
    stream.end('last');
    expect(await far.receive()).toBe('last');
    await once(stream, 'finish');
    expect([await near.closed, await far.closed]).toMatchObject([{ code: 1000, clean: true }, { code: 1000 }]);
  });

  test('destroy() ends the transport', async () => {
    const { near, far } = await connected(how);
    toDuplex(near).destroy();
    expect(await far.closed).toMatchObject({ code: 1006, clean: false });
  });

  test('what is no message is the error of its write', async () => {
    const { near } = await connected(how);
    const stream = toDuplex(near);
    stream.write(7);
    expect((await once(stream, 'error'))[0]).toBeInstanceOf(TypeError);
  });

  test('as a stream of bytes it joins messages, and sends BINARY', async () => {
    const { near, far } = await connected(how);
    const stream = toDuplex(near, { objectMode: false });
    stream.write('héllo');
    expect(await far.receive()).toEqual(new Uint8Array(Buffer.from('héllo')));
    for (const part of ['abc', '', 'def']) await far.send(Buffer.from(part));
    void far.close();
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('abcdef');
  });

  test('as a stream of bytes it has no place for text: an error, and a close with 1003', async () => {
    const { near, far } = await connected(how);
    const stream = toDuplex(near, { objectMode: false });
    stream.resume();
    await far.send('text');
    expect((await once(stream, 'error'))[0]).toBeInstanceOf(TypeError);
    expect(await far.closed).toMatchObject({ code: 1003 });
  });
});

describe('stream.pipeline, 12 MiB', () => {
  const CHUNK = new Uint8Array(65_536).fill(7);
  const COUNT = 192;

  /** Counts what it gives, so that one sees how far it is ahead. */
  function source(given: { count: number }): Readable {
    return Readable.from(
      (function* () {
        for (; given.count < COUNT; given.count++) yield CHUNK;
      })(),
      { objectMode: true, highWaterMark: 1 },
    );
  }

  test('into a peer that does not read: the source is held up, and all of it arrives once it does', async () => {
    const { near, far } = await connected('tcp');
    const given = { count: 0 };
    const piping = pipeline(source(given), toDuplex(near));
    let before = -1;
    // Until nothing moves any more: the peer's queue, the network and the stream are full.
    while (before !== given.count || given.count === 0) {
      before = given.count;
      for (let i = 0; i < 200; i++) await new Promise(setImmediate);
    }
    expect(given.count).toBeLessThan(COUNT);
    let count = 0;
    for await (const message of far) count += message.length;
    await piping;
    expect(count).toBe(COUNT * CHUNK.length);
  });

  test('out of a peer that sends: a slow reader holds it up', async () => {
    const { near, far } = await connected('tcp');
    let sent = 0;
    const sending = (async () => {
      for (; sent < COUNT; sent++) await far.send(CHUNK);
      await far.close();
    })();
    let count = 0;
    let furthest = 0;
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        count++;
        furthest = Math.max(furthest, sent - count);
        setImmediate(done);
      },
    });
    await Promise.all([pipeline(toDuplex(near), slow), sending]);
    expect(count).toBe(COUNT);
    expect(furthest).toBeLessThan(COUNT);
  });

  test('there and back: an echo in a pipeline of its own', async () => {
    const { near, far } = await connected('tcp');
    const shout = new Transform({
      objectMode: true,
      transform: (chunk, _, done) => done(null, typeof chunk === 'string' ? chunk.toUpperCase() : chunk),
    });
    const stream = toDuplex(far);
    const echoing = pipeline(stream, shout, stream);
    for (const message of ['one', Uint8Array.of(3), 'two']) await near.send(message);
    expect([await near.receive(), await near.receive(), await near.receive()]).toEqual([
      'ONE',
      Uint8Array.of(3),
      'TWO',
    ]);
    await near.close();
    await echoing;
  });
});

test('messages that nobody read after end() are told as dropped, and the stream does not end as if it were whole', async () => {
  const network = createNetwork({ latency: 5 });
  servers.push(
    await network.listen({}, async (ws) => {
      for (let i = 0; i < 100; i++) await ws.send(`${i} ${'.'.repeat(1000)}`);
      await ws.closed;
    }),
  );
  const stream = toDuplex(await network.open('ws://far/'), { highWaterMark: 1 });
  stream.end();
  await network.advance(5000);
  const error = await rejection(stream.toArray());
  expect(error.message).toMatch(/^[0-9]+ messages came after end\(\) and were dropped$/);
});
