import { describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../protocol/index.ts';
import { settled, type Sent } from '../../support/fake-socket.ts';
import { connected, rejection, stateOf } from './connected.ts';

const KIB = 1024;
const FULL = 'x'.repeat(64 * KIB);

/** An async iterable that the test feeds. */
class Source implements AsyncIterable<any> {
  asked = 0;
  returned = 0;
  #steps: { resolve(step: IteratorResult<any>): void; reject(error: unknown): void }[] = [];

  [Symbol.asyncIterator](): AsyncIterator<any> {
    return {
      next: () => {
        this.asked++;
        return new Promise((resolve, reject) => this.#steps.push({ resolve, reject }));
      },
      return: () => {
        this.returned++;
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  async give(value: unknown): Promise<void> {
    this.#steps.shift()!.resolve({ value, done: false });
    await settled();
  }

  async end(): Promise<void> {
    this.#steps.shift()!.resolve({ value: undefined, done: true });
    await settled();
  }

  async fail(error: unknown): Promise<void> {
    this.#steps.shift()!.reject(error);
    await settled();
  }
}

/** A generator of these that tells whether it was left. */
function watched(values: unknown[], error?: unknown): { source: Iterable<any>; wasLeft(): boolean } {
  let left = false;
  const source = (function* () {
    try {
      yield* values;
      if (error !== undefined) throw error;
    } finally {
      left = true;
    }
  })();
  return { source: source as Iterable<any>, wasLeft: () => left };
}

const aborted: Sent = { close: 1011, reason: 'message not completed' };

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

describe('a message that cannot be completed', () => {
  test('a source that throws before anything is sent leaves the connection alone', async () => {
    const { webSocket, socket } = await connected();
    const error = new Error('no source');
    const failing = [
      watched([], error).source,
      (async function* (): AsyncGenerator<string> {
        throw error;
      })(),
      {
        [Symbol.iterator]() {
          throw error;
        },
      },
      {
        [Symbol.asyncIterator]() {
          throw error;
        },
      },
      {
        [Symbol.asyncIterator]: () => ({
          next() {
            throw error;
          },
        }),
      },
    ];
    for (const source of failing) expect(await rejection(webSocket.send(source as never))).toBe(error);
    expect(socket.sent).toEqual([]);
    await webSocket.send('next');
    expect(socket.sent).toEqual([{ message: 'next' }]);
  });

  test('so does a first element that is no fragment, and the source is left', async () => {
    const { webSocket, socket } = await connected();
    const { source, wasLeft } = watched([1, 'a']);
    expect(await rejection(webSocket.send(source))).toBeInstanceOf(TypeError);
    expect(wasLeft()).toBe(true);
    const feed = new Source();
    const sending = rejection(webSocket.send(feed));
    await feed.give(null);
    expect(await sending).toBeInstanceOf(TypeError);
    expect(feed.returned).toBe(1);
    expect(socket.sent).toEqual([]);
    expect(webSocket.state).toBe('open');
  });

  test('a source that throws in the middle closes the connection with 1011, with no FIN before', async () => {
    const { webSocket, socket } = await connected();
    const error = new Error('broke');
    const source = new Source();
    const sending = rejection(webSocket.send(source));
    const behind = webSocket.send('behind');
    await source.give('a');
    await source.fail(error);
    expect(await sending).toBe(error);
    expect(socket.sent).toEqual([{ fragment: 'a', fin: false }, aborted]);
    expect(await rejection(behind)).toMatchObject({ code: 1011 });
    expect(await rejection(webSocket.send('late'))).toMatchObject({ code: 1011 });
    expect(webSocket.state).toBe('closing');
    socket.peerEnds(1011);
    expect(await webSocket.closed).toMatchObject({ code: 1011, clean: true });
  });

  test('so does an iterable', async () => {
    const { webSocket, socket } = await connected();
    const error = new Error('broke');
    expect(await rejection(webSocket.send(watched(['a', 'b'], error).source))).toBe(error);
    expect(socket.sent).toEqual([{ fragment: 'a', fin: false }, aborted]);
  });

  test.each([
    ['text', ['a', 'b', new Uint8Array(1)]],
    ['bytes', [new Uint8Array(1), new Uint8Array(1), 'a']],
    ['what is no fragment', ['a', 'b', 3]],
  ])('so does a change to another kind after %s', async (_name, values) => {
    for (const isAsync of [false, true]) {
      const { webSocket, socket } = await connected();
      const { source, wasLeft } = watched(values);
      const async = (async function* () {
        yield* source;
      })();
      const error = await rejection(webSocket.send(isAsync ? async : source));
      expect(error).toBeInstanceOf(TypeError);
      expect(socket.sent.at(-1)).toEqual(aborted);
      expect(socket.sent.some((one) => 'fin' in one && one.fin)).toBe(false);
      await settled();
      expect(wasLeft()).toBe(true);
    }
  });

  test('a signal that fires in the middle does so too, and the source is left', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const controller = new AbortController();
    const sending = webSocket.send(source, { signal: controller.signal });
    await source.give('a');
    controller.abort();
    expect((await rejection(sending)).name).toBe('AbortError');
    expect(socket.sent).toEqual([{ fragment: 'a', fin: false }, aborted]);
    expect(source.returned).toBe(1);
    await source.give('b');
    expect(socket.sent).toHaveLength(2);
  });

  test('a signal that fires before the first element leaves the connection to the others', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const controller = new AbortController();
    const sending = webSocket.send(source, { signal: controller.signal });
    const behind = webSocket.send('behind');
    controller.abort();
    expect((await rejection(sending)).name).toBe('AbortError');
    await behind;
    await source.give('a');
    expect(socket.sent).toEqual([{ message: 'behind' }]);
  });

  test('the end of the connection is told at once, not when the source has something, and the source is left', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const sending = webSocket.send(source);
    await source.give('a');
    const lost = new ConnectionLostError('reset');
    socket.lose(lost);
    expect(await rejection(sending)).toBe(lost);
    expect(source.returned).toBe(1);
    await source.give('b');
    expect([source.asked, socket.sent.length]).toEqual([2, 1]);
  });

  test('the same while it waits for the transport', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const { source, wasLeft } = watched([FULL, 'b', 'c']);
    const sending = webSocket.send(source);
    socket.lose();
    expect(await rejection(sending)).toBeInstanceOf(ConnectionLostError);
    expect(wasLeft()).toBe(true);
  });

  test('a local close breaks it off', async () => {
    const { webSocket, socket } = await connected();
    const source = new Source();
    const sending = webSocket.send(source);
    const behind = webSocket.send('behind');
    await source.give('a');
    void webSocket.close(4000);
    expect(socket.sent).toEqual([
      { fragment: 'a', fin: false },
      { close: 4000, reason: '' },
    ]);
    for (const send of [sending, behind]) expect(await rejection(send)).toMatchObject({ code: 4000 });
    expect(source.returned).toBe(1);
  });

  test('a source may close the connection it is sent on', async () => {
    for (const closeAt of [0, 1, 2]) {
      const { webSocket, socket } = await connected();
      const source = (function* () {
        for (let i = 0; i < 3; i++) {
          if (i === closeAt) void webSocket.close();
          yield 'a';
        }
      })();
      expect(await rejection(webSocket.send(source))).toMatchObject({ code: 1000 });
      expect(socket.sent.at(-1)).toEqual({ close: 1000, reason: '' });
    }
    const { webSocket, socket } = await connected();
    const source = { [Symbol.asyncIterator]: () => (void webSocket.close(), new Source()[Symbol.asyncIterator]()) };
    expect(await rejection(webSocket.send(source))).toMatchObject({ code: 1000 });
    expect(socket.sent).toEqual([{ close: 1000, reason: '' }]);
  });

  test('a source whose `return` throws or rejects hurts nobody', async () => {
    const { webSocket, socket } = await connected();
    const error = new Error('return');
    const fail = () => {
      throw error;
    };
    const throws = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}), return: fail }) };
    const rejects = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}), return: async () => fail() }),
    };
    const sends = [webSocket.send(throws), webSocket.send(rejects)];
    void rejection(sends[0]);
    socket.lose();
    for (const send of sends) expect(await rejection(send)).toBeInstanceOf(ConnectionLostError);
    const other = await connected();
    const sending = other.webSocket.send(rejects);
    other.socket.lose();
    expect(await rejection(sending)).toBeInstanceOf(ConnectionLostError);
    await settled();
  });
});
