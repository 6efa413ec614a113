import { describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../protocol/index.ts';
import { collect, connected, rejection, stateOf } from './connected.ts';

const KIB = 1024;

describe('receiveStream', () => {
  test('gives a message that has come already as one chunk', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('whole', new Uint8Array([1, 2]), 'next');
    const text = webSocket.receiveStream();
    expect(text.binary).toBe(false);
    expect(await text.next()).toEqual({ value: 'whole', done: false });
    expect(await text.next()).toEqual({ value: undefined, done: true });
    const bytes = webSocket.receiveStream();
    expect(bytes.binary).toBe(true);
    expect(await bytes.next()).toEqual({ value: Buffer.from([1, 2]), done: false });
    expect(await bytes.next()).toEqual({ value: undefined, done: true });
    expect(await webSocket.receive()).toBe('next');
    expect(socket.flow).toEqual([]);
  });

  test('gives the next message in chunks as they arrive', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    expect(stream[Symbol.asyncIterator]()).toBe(stream);
    expect(stream.binary).toBeUndefined();
    const first = stream.next();
    socket.begin(true);
    expect(stream.binary).toBe(true);
    expect(await stateOf(first)).toBe('pending');
    socket.piece(new Uint8Array([1]));
    expect(await first).toEqual({ value: new Uint8Array([1]), done: false });
    socket.piece(new Uint8Array([2]));
    socket.piece(new Uint8Array([3]));
    expect(await stream.next()).toEqual({ value: new Uint8Array([2]), done: false });
    expect(await stream.next()).toEqual({ value: new Uint8Array([3]), done: false });
    const last = stream.next();
    expect(await stateOf(last)).toBe('pending');
    socket.finish();
    expect(await last).toEqual({ value: undefined, done: true });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  test('takes over the message that is under way', async () => {
    const { webSocket, socket } = await connected();
    socket.begin();
    socket.piece('one ');
    const stream = webSocket.receiveStream();
    expect(await stream.next()).toEqual({ value: 'one ', done: false });
    socket.piece('message');
    socket.finish();
    expect(await stream.next()).toEqual({ value: 'message', done: false });
    expect(await stream.next()).toMatchObject({ done: true });
  });

  test('an empty message has no chunk', async () => {
    const { webSocket, socket } = await connected();
    const coming = webSocket.receiveStream();
    socket.arrive('');
    expect(await coming.next()).toMatchObject({ done: true });
    socket.arrive('');
    expect(await webSocket.receiveStream().next()).toMatchObject({ done: true });
  });

  test('several `next` at once are served in their order', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    const steps = [stream.next(), stream.next(), stream.next(), stream.next()];
    socket.begin();
    socket.piece('a');
    socket.piece('b');
    socket.finish();
    expect(await Promise.all(steps)).toEqual([
      { value: 'a', done: false },
      { value: 'b', done: false },
      { value: undefined, done: true },
      { value: undefined, done: true },
    ]);
  });

  test('stands in line with the receives and streams around it', async () => {
    const { webSocket, socket } = await connected();
    const before = webSocket.receive();
    const one = webSocket.receiveStream();
    const two = webSocket.receiveStream();
    const after = webSocket.receive();
    expect(socket.flow).toEqual([]);
    socket.arrive('a');
    socket.begin();
    socket.piece('b1');
    socket.piece('b2');
    socket.finish();
    socket.arrive('c', 'd', 'e');
    expect(await before).toBe('a');
    expect(await collect(one)).toEqual(['b1', 'b2']);
    expect(await collect(two)).toEqual(['c']);
    expect(await after).toBe('d');
    expect(await webSocket.receive()).toBe('e');
    expect(socket.flow).toEqual(['streamNext', 'streamNext']);
  });

  test('leaves nothing behind of what it held when it is left, however often', async () => {
    const { webSocket, socket } = await connected();
    for (let i = 0; i < 1000; i++) {
      const stream = webSocket.receiveStream();
      socket.begin();
      socket.piece('a');
      await stream.return();
      socket.finish();
    }
    expect([socket.paused, socket.flow.includes('pause')]).toEqual([false, false]);
    // And as much as ever may still wait: 64 KiB, with what each piece takes.
    webSocket.receiveStream();
    socket.begin();
    let pieces = 0;
    while (!socket.paused && pieces < 1000) {
      socket.piece('a');
      pieces++;
    }
    expect(pieces).toBe(Math.ceil((64 * 1024) / 129));
  });

  test('comes to its turn when the receive before it gives up', async () => {
    const { webSocket, socket } = await connected();
    const controller = new AbortController();
    const before = webSocket.receive({ signal: controller.signal });
    const stream = webSocket.receiveStream();
    controller.abort();
    await rejection(before);
    expect(socket.flow).toEqual(['streamNext']);
    socket.arrive('a');
    expect(await stream.next()).toEqual({ value: 'a', done: false });
  });

  test('a slow consumer stops the reading, and its progress lets it go on', async () => {
    const { webSocket, socket } = await connected({ maxMessageSize: false });
    const stream = webSocket.receiveStream();
    socket.begin(true);
    const chunk = new Uint8Array(10 * KIB);
    for (let i = 0; i < 6; i++) socket.piece(chunk);
    expect(socket.paused).toBe(false);
    socket.piece(chunk);
    expect(socket.paused).toBe(true);
    for (let i = 0; i < 100; i++) socket.piece(chunk);
    socket.finish();
    let chunks = 0;
    for await (const piece of stream) {
      expect(piece).toHaveLength(10 * KIB);
      chunks++;
    }
    expect(chunks).toBe(107);
    expect(socket.paused).toBe(false);
  });

  test('messages behind a stream that has come and was not read are queued, and reading stops for it', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    socket.arrive(new Uint8Array(100 * KIB), 'next');
    expect([socket.paused, socket.held]).toEqual([true, 4]);
    expect(await stream.next()).toMatchObject({ done: false });
    expect(socket.paused).toBe(false);
    expect(await stream.next()).toMatchObject({ done: true });
    expect(await webSocket.receive()).toBe('next');
  });

  test('leaving skips the rest of the message, and the next one is whole', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    socket.begin(true);
    for (let i = 0; i < 10; i++) socket.piece(new Uint8Array(10 * KIB));
    expect(socket.paused).toBe(true);
    for await (const piece of stream) {
      expect(piece).toHaveLength(10 * KIB);
      break;
    }
    expect(socket.paused).toBe(false);
    for (let i = 0; i < 10; i++) socket.piece(new Uint8Array(10 * KIB));
    expect(socket.paused).toBe(false);
    socket.finish();
    socket.arrive('next');
    expect(await webSocket.receive()).toBe('next');
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });

  test('leaving before the message has begun skips that message', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    const step = stream.next();
    expect(await stream.return()).toEqual({ value: undefined, done: true });
    expect(await step).toEqual({ value: undefined, done: true });
    socket.arrive('skipped', 'next');
    expect(await webSocket.receive()).toBe('next');
  });
});

describe('when the connection ends', () => {
  test('inside the message: the chunks that came, then the error, however normal the close', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    socket.begin();
    socket.piece('a');
    socket.peerEnds(1000);
    expect(await stream.next()).toEqual({ value: 'a', done: false });
    expect(await rejection(stream.next())).toMatchObject({ code: 1000 });
    expect(await rejection(stream.next())).toMatchObject({ code: 1000 });
  });

  test('before the message, in line and first in line', async () => {
    const { webSocket, socket } = await connected();
    const streams = [webSocket.receiveStream(), webSocket.receiveStream()];
    const step = streams[0].next();
    const lost = new ConnectionLostError('reset');
    socket.lose(lost);
    expect(await rejection(step)).toBe(lost);
    for (const stream of streams) expect(await rejection(stream.next())).toBe(lost);
    expect(await rejection(webSocket.receiveStream().next())).toBe(lost);
  });

  test('after the message: all of it is there', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    socket.arrive('a');
    socket.lose();
    expect(await collect(stream)).toEqual(['a']);
  });
});

test('chunks of one unit count with what they take: what is not read holds up the peer', async () => {
  const { webSocket, socket } = await connected();
  const stream = webSocket.receiveStream();
  socket.begin();
  let pieces = 0;
  while (!socket.paused && pieces < 100_000) {
    socket.piece('x');
    pieces++;
  }
  expect(pieces).toBeLessThanOrEqual(512);
  // And reading goes on when most of it was taken.
  while (socket.paused) {
    await stream.next();
    pieces--;
  }
  expect(pieces).toBeGreaterThan(0);
});

describe('after a local close', () => {
  test('a stream goes on while it is read', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    socket.begin();
    socket.piece('a');
    void webSocket.close();
    socket.piece('b');
    socket.finish();
    expect(await collect(stream)).toEqual(['a', 'b']);
  });

  test('one that is not read loses its message to the peer’s Close, and says so', async () => {
    const { webSocket, socket } = await connected();
    const stream = webSocket.receiveStream();
    socket.begin(true);
    const piece = new Uint8Array(40 * KIB);
    for (let i = 0; i < 5; i++) socket.piece(piece);
    expect(socket.paused).toBe(true);
    void webSocket.close();
    // For so long somebody might take more.
    await socket.clock.advance(1000);
    expect(socket.paused).toBe(false);
    socket.finish();
    socket.arrive('after the gap');
    socket.peerEnds();
    expect(await webSocket.closed).toMatchObject({ clean: true });
    for (let i = 0; i < 2; i++) expect(await stream.next()).toMatchObject({ done: false });
    expect(await rejection(stream.next())).toMatchObject({ code: 1000 });
    expect(stream.binary).toBe(true);
    expect(await rejection(webSocket.receive())).toMatchObject({ code: 1000 });
  });
});
