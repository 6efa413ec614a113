import { describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../protocol/index.ts';
import { settled, type Sent } from '../../support/fake-socket.ts';
import { connected, rejection } from './connected.ts';
import { Source, watched } from './sources.ts';

const FULL = 'x'.repeat(64 * 1024);

const aborted: Sent = { close: 1011, reason: 'message not completed' };

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

  test.each([true, false])(
    'a signal that the source itself fires as it is asked, or not at first (%s)',
    async (atOnce) => {
      const { webSocket, socket } = await connected();
      const controller = new AbortController();
      const source = (async function* () {
        if (!atOnce) yield 'a';
        controller.abort();
        await new Promise(() => {});
        yield 'never';
      })();
      const sending = webSocket.send(source, { signal: controller.signal });
      expect((await rejection(sending)).name).toBe('AbortError');
      expect(socket.sent).toEqual(atOnce ? [] : [{ fragment: 'a', fin: false }, aborted]);
      if (atOnce) await webSocket.send('next');
    },
  );

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

  test('what a source that was given up comes to later is nobody’s business', async () => {
    for (const later of ['give', 'fail', 'end'] as const) {
      const { webSocket, socket } = await connected();
      const source = new Source();
      const controller = new AbortController();
      const sending = webSocket.send(source, { signal: controller.signal });
      controller.abort();
      await rejection(sending);
      await source[later](new Error('too late'));
      await webSocket.send('next');
      expect([socket.sent, source.returned]).toEqual([[{ message: 'next' }], 1]);
    }
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
