import { describe, expect, test } from 'vitest';
import { connected, stateOf } from './connected.ts';
import { Source, watched } from './sources.ts';

const KIB = 1024;
const FULL = 'x'.repeat(64 * KIB);

describe('an iterable', () => {
  test.each([
    ['an array', ['a', 'b', 'c']],
    ['a set', new Set(['a', 'b', 'c'])],
    ['a generator', watched(['a', 'b', 'c']).source],
  ])('%s goes out as one message, a fragment an element, the last one with FIN', async (_name, source) => {
    const { webSocket, socket } = await connected();
    await webSocket.send(source);
    expect(socket.sent).toEqual([
      { fragment: 'a', fin: false },
      { fragment: 'b', fin: false },
      { fragment: 'c', fin: true },
    ]);
  });

  test('of bytes of any kind is one BINARY message', async () => {
    const { webSocket, socket } = await connected();
    const buffer = new ArrayBuffer(2);
    await webSocket.send([new Uint8Array([1]), buffer, new DataView(buffer)]);
    expect(socket.sent.map((one) => 'fin' in one && one.fin)).toEqual([false, false, true]);
  });

  test('with one element is one frame; with none, an empty TEXT message', async () => {
    const { webSocket, socket } = await connected();
    await webSocket.send(['a']);
    await webSocket.send([]);
    await webSocket.send(new Set<string>());
    expect(socket.sent).toEqual([
      { fragment: 'a', fin: true },
      { fragment: '', fin: true },
      { fragment: '', fin: true },
    ]);
  });

  test('empty elements are empty fragments', async () => {
    const { webSocket, socket } = await connected();
    await webSocket.send(['', 'a', '']);
    expect(socket.sent.map((one) => 'fragment' in one && one.fragment)).toEqual(['', 'a', '']);
  });

  test('waits for the transport between its fragments', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const taken: number[] = [];
    const source = (function* () {
      for (let i = 0; i < 4; i++) {
        taken.push(i);
        yield FULL;
      }
    })();
    const sending = webSocket.send(source);
    for (let written = 1; written <= 4; written++) {
      expect(await stateOf(sending)).toBe('pending');
      expect(socket.sent).toHaveLength(written);
      expect(taken.length).toBeLessThanOrEqual(written + 1);
      socket.drain(true);
    }
    await sending;
  });
});

describe('an async iterable', () => {
  test('sends each element as it comes, and FIN at its end', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const sending = webSocket.send(source);
    expect(socket.sent).toEqual([]);
    await source.give('a');
    expect(socket.sent).toEqual([{ fragment: 'a', fin: false }]);
    await source.give('b');
    expect(socket.sent).toHaveLength(2);
    expect(await stateOf(sending)).toBe('pending');
    await source.end();
    await sending;
    expect(socket.sent[2]).toEqual({ fragment: '', fin: true });
    expect(source.returned).toBe(0);
  });

  test('of bytes ends with an empty fragment of bytes; an empty one is an empty TEXT message', async () => {
    const { webSocket, socket } = await connected();
    const bytes = (async function* () {
      yield new Uint8Array([1]);
    })();
    await webSocket.send(bytes);
    await webSocket.send((async function* (): AsyncGenerator<string> {})());
    expect(socket.sent).toEqual([
      { fragment: new Uint8Array([1]), fin: false },
      { fragment: new Uint8Array(0), fin: true },
      { fragment: '', fin: true },
    ]);
  });

  test('a ReadableStream is one', async () => {
    const { webSocket, socket } = await connected();
    await webSocket.send(new Blob(['abc']).stream() as unknown as AsyncIterable<Uint8Array>);
    expect(socket.sent).toHaveLength(2);
  });

  test('is asked for the next element when the transport takes more, and once', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const sending = webSocket.send(source);
    expect(source.asked).toBe(1);
    // A drain that it does not wait for.
    socket.stuck = true;
    expect(socket.sendFragment(FULL, false)).toBe(false);
    socket.drain();
    expect(source.asked).toBe(1);
    socket.stuck = true;
    await source.give(FULL);
    expect(source.asked).toBe(1);
    socket.drain();
    expect(source.asked).toBe(2);
    await source.end();
    await sending;
  });

  test('its last fragment waits for the transport too', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const sending = webSocket.send(source);
    socket.stuck = true;
    socket.bufferedAmount = 64 * KIB;
    await source.end();
    expect(await stateOf(sending)).toBe('pending');
    socket.drain();
    await sending;
  });
});

describe('concurrent sends', () => {
  test('never interleave: each waits until the one before it is whole', async () => {
    const { webSocket, socket } = await connected();
    const one = new Source();
    const two = new Source();
    const sends = [webSocket.send(one), webSocket.send('plain'), webSocket.send(two), webSocket.send(['x', 'y'])];
    await one.give('a');
    expect(two.asked).toBe(0);
    await one.give('b');
    expect(socket.sent).toHaveLength(2);
    await one.end();
    expect(await stateOf(sends[0])).toBe('resolved');
    expect(await stateOf(sends[1])).toBe('resolved');
    await two.give(new Uint8Array([1]));
    await two.end();
    await Promise.all(sends);
    expect(socket.sent).toEqual([
      { fragment: 'a', fin: false },
      { fragment: 'b', fin: false },
      { fragment: '', fin: true },
      { message: 'plain' },
      { fragment: new Uint8Array([1]), fin: false },
      { fragment: new Uint8Array(0), fin: true },
      { fragment: 'x', fin: false },
      { fragment: 'y', fin: true },
    ]);
  });

  test('control frames may come between fragments', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const sending = webSocket.send(source);
    await source.give('a');
    void webSocket.ping('p');
    webSocket.pong('q');
    await source.end();
    await sending;
    expect(socket.sent.slice(1, 3)).toEqual([{ ping: new Uint8Array([0x70]) }, { pong: new Uint8Array([0x71]) }]);
  });

  test('ten thousand messages behind one are sent in order', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const sends: Promise<void>[] = [webSocket.send(source)];
    for (let i = 0; i < 10_000; i++) sends.push(webSocket.send(i % 2 ? `${i}` : [`${i}`]));
    await source.end();
    await Promise.all(sends);
    expect(
      socket.sent.slice(1).map((one) => Number('message' in one ? one.message : 'fragment' in one && one.fragment)),
    ).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  });

  test('a source may send on the same connection: that comes after it', async () => {
    const { webSocket, socket } = await connected();
    let inner: Promise<void> | undefined;
    const source = (function* () {
      yield 'a';
      inner = webSocket.send('inner');
      yield 'b';
    })();
    await webSocket.send(source);
    await inner;
    expect(socket.sent).toEqual([{ fragment: 'a', fin: false }, { fragment: 'b', fin: true }, { message: 'inner' }]);
  });
});
