import { describe, expect, test } from 'vitest';
import { ConnectionLostError, WaitTimeoutError, WebSocketError } from '../../../protocol/index.ts';
import type { WebSocket } from '../../../drivers/promise/index.ts';
import { settled } from '../../support/fake-socket.ts';
import { connected, rejection, stateOf } from './connected.ts';

const KIB = 1024;

describe('receive', () => {
  test('gives a string for TEXT and bytes for BINARY, whether it was there before the message or not', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('one', new Uint8Array([2]));
    expect(await webSocket.receive()).toBe('one');
    expect(await webSocket.receive()).toEqual(Buffer.from([2]));
    const next = webSocket.receive();
    expect(await stateOf(next)).toBe('pending');
    socket.arrive('three');
    expect(await next).toBe('three');
  });

  test('serves several calls at once in their order', async () => {
    const { webSocket, socket } = await connected();
    const received = Promise.all([webSocket.receive(), webSocket.receive(), webSocket.receive()]);
    socket.arrive('a', 'b');
    socket.arrive('c', 'd');
    expect(await received).toEqual(['a', 'b', 'c']);
    expect(await webSocket.receive()).toBe('d');
  });

  test('delivers what came before the close, then rejects with what the Close said', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('a', 'b');
    socket.peerEnds(4001, 'enough');
    expect(await webSocket.receive()).toBe('a');
    expect(await webSocket.receive()).toBe('b');
    const error = await rejection(webSocket.receive());
    expect(error).toBeInstanceOf(WebSocketError);
    expect(error).toMatchObject({ code: 4001, reason: 'enough', isOk: false });
    // And every time after that.
    expect(await rejection(webSocket.receive())).toBe(error);
    expect(await rejection(webSocket.receive({ timeout: 5 }))).toBe(error);
  });

  test.each([1000, 1001, 1005])('%i is a normal end', async (code) => {
    const { webSocket, socket } = await connected();
    socket.peerEnds(code);
    expect(await rejection(webSocket.receive())).toMatchObject({ code, isOk: true });
  });

  test('rejects at the peer’s Close, without waiting for the end of the transport', async () => {
    const { webSocket, socket } = await connected();
    const pending = [webSocket.receive(), webSocket.receive()];
    socket.peerCloses(1001);
    for (const one of pending) expect(await rejection(one)).toMatchObject({ code: 1001 });
    expect(await stateOf(webSocket.closed)).toBe('pending');
    socket.lose();
    expect(await webSocket.closed).toMatchObject({ code: 1001, clean: true });
  });

  test('delivers what came before a lost transport, then rejects with that loss', async () => {
    const { webSocket, socket } = await connected();
    const lost = new ConnectionLostError('reset');
    socket.arrive('a');
    socket.lose(lost);
    expect(await webSocket.receive()).toBe('a');
    expect(await rejection(webSocket.receive())).toBe(lost);
  });

  test('a rejection that nobody awaits does no harm', async () => {
    const { webSocket, socket } = await connected();
    void webSocket.receive();
    socket.lose();
    await settled();
    void webSocket.receive();
    void webSocket[Symbol.asyncIterator]().next();
    // An unhandled rejection would fail this run.
    await settled();
  });
});

describe('giving up a receive', () => {
  test('a timeout rejects with a WaitTimeoutError, and the message that comes later is not lost', async () => {
    const { webSocket, socket } = await connected();
    const impatient = webSocket.receive({ timeout: 100 });
    await socket.clock.advance(99);
    expect(await stateOf(impatient)).toBe('pending');
    await socket.clock.advance(1);
    expect(await rejection(impatient)).toBeInstanceOf(WaitTimeoutError);
    expect(webSocket.state).toBe('open');
    socket.arrive('late');
    expect(await webSocket.receive()).toBe('late');
    expect(socket.clock.timers).toBe(0);
  });

  test('a message, or the end, that comes in time calls the timer and the listener off', async () => {
    const { webSocket, socket } = await connected();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: any[]) => (listeners++, addEventListener.apply(signal, args as any));
    signal.removeEventListener = (...args: any[]) => (listeners--, removeEventListener.apply(signal, args as any));
    const first = webSocket.receive({ timeout: 100, signal });
    const second = webSocket.receive({ timeout: 100, signal });
    // One listener for all who share a signal, a timer each.
    expect([listeners, socket.clock.timers]).toEqual([1, 2]);
    socket.arrive('in time');
    expect(await first).toBe('in time');
    expect([listeners, socket.clock.timers]).toEqual([1, 1]);
    socket.peerEnds();
    expect(await rejection(second)).toMatchObject({ code: 1000 });
    expect([listeners, socket.clock.timers]).toEqual([0, 0]);
  });

  test('a signal rejects with its reason, and only the call that it was given to', async () => {
    const { webSocket, socket } = await connected();
    const controller = new AbortController();
    const calls = [webSocket.receive(), webSocket.receive({ signal: controller.signal }), webSocket.receive()];
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejection(calls[1])).toBe(reason);
    socket.arrive('a', 'b');
    expect(await Promise.all([calls[0], calls[2]])).toEqual(['a', 'b']);
  });

  test('a signal that has fired already takes no message', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('a');
    const reason = new Error('enough');
    expect(await rejection(webSocket.receive({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    const signal = AbortSignal.abort();
    Object.defineProperty(signal, 'reason', {
      get() {
        throw reason;
      },
    });
    expect(await rejection(webSocket.receive({ signal }))).toBe(reason);
    expect(await webSocket.receive()).toBe('a');
  });

  test('a signal that fires after the message has come does not take it back', async () => {
    const { webSocket, socket } = await connected();
    const controller = new AbortController();
    const call = webSocket.receive({ signal: controller.signal });
    socket.arrive('a');
    controller.abort();
    expect(await call).toBe('a');
  });

  test('a timeout of 0 takes what is there and does not wait', async () => {
    const { webSocket, socket } = await connected();
    expect(await rejection(webSocket.receive({ timeout: 0 }))).toBeInstanceOf(WaitTimeoutError);
    socket.arrive('a');
    expect(await webSocket.receive({ timeout: 0 })).toBe('a');
  });

  test.each([false, Infinity, undefined] as const)('a timeout of %s is none', async (timeout) => {
    const { webSocket, socket } = await connected();
    const call = webSocket.receive({ timeout });
    await socket.clock.advance(1e9);
    socket.arrive('a');
    expect(await call).toBe('a');
  });

  test('what is no timeout rejects, and takes no message', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('a');
    expect(await rejection(webSocket.receive({ timeout: -1 }))).toBeInstanceOf(RangeError);
    expect(await rejection(webSocket.receive({ timeout: NaN }))).toBeInstanceOf(RangeError);
    expect(await rejection(webSocket.receive({ timeout: '1' as never }))).toBeInstanceOf(TypeError);
    expect(await webSocket.receive()).toBe('a');
  });

  test('giving up again and again on a silent connection leaves nothing behind', async () => {
    const { webSocket, socket } = await connected();
    for (let i = 0; i < 1000; i++) {
      const call = webSocket.receive({ timeout: 1 });
      socket.clock.advanceSync(1);
      await rejection(call);
    }
    const call = webSocket.receive();
    socket.arrive('a');
    expect(await call).toBe('a');
    expect(socket.clock.timers).toBe(0);
  });
});

describe('iterating', () => {
  async function all(webSocket: WebSocket, ticks = 0): Promise<{ messages: unknown[]; error: any }> {
    const messages: unknown[] = [];
    try {
      for await (const message of webSocket) {
        messages.push(message);
        for (let i = 0; i < ticks; i++) await undefined;
      }
    } catch (error) {
      return { messages, error };
    }
    return { messages, error: undefined };
  }

  test.each([1000, 1001, 1005])('ends silently after %i', async (code) => {
    const { webSocket, socket } = await connected();
    socket.arrive('a', 'b');
    socket.peerEnds(code);
    expect(await all(webSocket)).toEqual({ messages: ['a', 'b'], error: undefined });
  });

  test.each([1002, 1008, 1011, 4000])('throws after %i', async (code) => {
    const { webSocket, socket } = await connected();
    const iteration = all(webSocket);
    socket.arrive('a', 'b');
    await settled();
    socket.peerEnds(code);
    expect(await iteration).toMatchObject({ messages: ['a', 'b'], error: { code } });
  });

  test('throws what a lost connection was lost to', async () => {
    const { webSocket, socket } = await connected();
    const lost = new ConnectionLostError('reset');
    socket.arrive('a');
    socket.lose(lost);
    expect(await all(webSocket)).toEqual({ messages: ['a'], error: lost });
  });

  test('`break` leaves the connection open: another loop goes on where it stopped', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('a', 'b', 'c');
    for await (const message of webSocket) {
      expect(message).toBe('a');
      break;
    }
    expect(webSocket.state).toBe('open');
    expect(socket.sent).toEqual([]);
    socket.peerEnds();
    expect(await all(webSocket)).toEqual({ messages: ['b', 'c'], error: undefined });
  });

  test('an iterator that was left is done', async () => {
    const { webSocket, socket } = await connected();
    const iterator = webSocket[Symbol.asyncIterator]();
    expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
    expect(await iterator.return!()).toEqual({ value: undefined, done: true });
    socket.arrive('a');
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
    expect(await webSocket.receive()).toBe('a');
  });

  // What comes, in this order, cut anywhere into events: `ticks` microtasks pass for the consumer after each message and
  // `gaps` microtasks or a whole turn lie before each event. Every combination must come to the same.
  const script = ['a', 'b', 'c', 'close', 'end'] as const;
  for (const [name, code] of [
    ['a normal close', 1000],
    ['another close', 4000],
    ['a loss', 0],
  ] as const) {
    test(`what the loop's body is doing when ${name} comes makes no difference`, async () => {
      const gapChoices = [0, 1, 2, 3, Infinity];
      for (let choice = 0; choice < gapChoices.length ** script.length; choice++) {
        const gaps = script.map((_, i) => gapChoices[Math.floor(choice / gapChoices.length ** i) % gapChoices.length]);
        for (const ticks of [0, 1, 2, 5]) {
          const { webSocket, socket } = await connected();
          const iteration = all(webSocket, ticks);
          for (let i = 0; i < script.length; i++) {
            if (gaps[i] === Infinity) await settled();
            else for (let tick = 0; tick < gaps[i]; tick++) await undefined;
            const event = script[i];
            if (event === 'end') socket.lose();
            else if (event !== 'close') socket.arrive(event);
            else if (code !== 0) socket.peerCloses(code);
          }
          const { messages, error } = await iteration;
          expect(messages).toEqual(['a', 'b', 'c']);
          expect(error?.code).toBe(code === 0 ? 1006 : code === 1000 ? undefined : code);
        }
      }
    }, 60_000);
  }
});

describe('the queue', () => {
  test('holds 16 messages, then reading stops; it goes on when there is room', async () => {
    const { webSocket, socket } = await connected();
    const messages = Array.from({ length: 40 }, (_, i) => `${i}`);
    socket.arrive(...messages.slice(0, 15));
    expect(socket.flow).toEqual([]);
    socket.arrive(...messages.slice(15));
    expect(socket.flow).toEqual(['stopReading']);
    for (const message of messages) expect(await webSocket.receive()).toBe(message);
    expect(socket.paused).toBe(false);
    // Not for each message: that would cost more than it saves.
    expect(socket.flow.filter((one) => one === 'stopReading').length).toBeLessThan(5);
  });

  test.each([
    ['by their number', 'a', 16, 'stopReading'],
    ['by their bytes', 'x'.repeat(200 * KIB), 1, 'pause'],
  ])('stops again each time that it is full, %s', async (_, message, count, stop) => {
    const { webSocket, socket } = await connected({ maxMessageSize: 200 * KIB });
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < count; j++) socket.arrive(message);
      expect([socket.flow, socket.paused]).toEqual([[stop], true]);
      for (let j = 0; j < count; j++) await webSocket.receive();
      expect(socket.paused).toBe(false);
      socket.flow.length = 0;
    }
  });

  test('takes in what the read that filled it has brought, up to 128 KiB with what each message costs', async () => {
    const { webSocket, socket } = await connected();
    socket.arriveTogether(...Array.from({ length: 64 }, (_, i) => `${i}`));
    expect([socket.flow, socket.held]).toEqual([['stopReading'], 0]);
    for (let i = 0; i < 64; i++) expect(await webSocket.receive()).toBe(`${i}`);
    socket.arriveTogether(...Array.from({ length: 10_000 }, () => ''));
    // Each has three parts here.
    expect([socket.flow.at(-1), socket.held / 3]).toEqual(['pause', 10_000 - 1024]);
    for (let i = 0; i < 10_000; i++) expect(await webSocket.receive()).toBe('');
    expect(socket.paused).toBe(false);
  });

  test('holds no more bytes than the largest message may have', async () => {
    const { webSocket, socket } = await connected({ maxMessageSize: 100 });
    socket.arrive(new Uint8Array(60), 'x'.repeat(39));
    expect(socket.paused).toBe(false);
    socket.arrive('y', 'z');
    expect(socket.paused).toBe(true);
    expect(await webSocket.receive()).toHaveLength(60);
    expect(socket.paused).toBe(true);
    expect(await webSocket.receive()).toHaveLength(39);
    expect(socket.paused).toBe(false);
    expect([await webSocket.receive(), await webSocket.receive()]).toEqual(['y', 'z']);
  });

  test('has the size that it is given; false is no limit', async () => {
    const one = await connected({ receiveQueue: 1 });
    one.socket.arrive('a');
    expect(one.socket.paused).toBe(true);
    await one.webSocket.receive();
    expect(one.socket.paused).toBe(false);
    const none = await connected({ receiveQueue: false, maxMessageSize: false });
    for (let i = 0; i < 1000; i++) none.socket.arrive('x'.repeat(KIB));
    expect(none.socket.paused).toBe(false);
  });

  test('of any number of messages counts each with what it takes', async () => {
    const { socket } = await connected({ receiveQueue: false, maxMessageSize: 1000 });
    let messages = 0;
    while (!socket.paused && messages < 100_000) {
      socket.arrive('');
      messages++;
    }
    expect(messages).toBe(512);
  });

  test('what is no size is refused by open', async () => {
    await expect(connected({ receiveQueue: -1 })).rejects.toThrow();
    expect(await rejection(connected({ receiveQueue: -1 }))).toBeInstanceOf(RangeError);
    expect(await rejection(connected({ receiveQueue: '1' as never }))).toBeInstanceOf(TypeError);
  });

  test('a close behind more messages than the queue holds comes after all of them', async () => {
    const { webSocket, socket } = await connected();
    const messages = Array.from({ length: 100 }, (_, i) => `${i}`);
    socket.arrive(...messages);
    socket.peerEnds();
    expect(webSocket.state).toBe('open');
    const received: unknown[] = [];
    for await (const message of webSocket) received.push(message);
    expect(received).toEqual(messages);
    expect(webSocket.state).toBe('closed');
  });

  test('a transport that this side ends does not take away what the queue holds', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('a', 'b');
    webSocket.terminate();
    await webSocket.closed;
    expect([await webSocket.receive(), await webSocket.receive()]).toEqual(['a', 'b']);
    expect(await rejection(webSocket.receive())).toBeInstanceOf(ConnectionLostError);
    expect(socket.flow).toEqual([]);
  });
});

describe('after a local close', () => {
  test('messages that still come are received, until the peer’s Close', async () => {
    const { webSocket, socket } = await connected();
    const closing = webSocket.close();
    socket.arrive('a', 'b');
    expect(await webSocket.receive()).toBe('a');
    const rest = [webSocket.receive(), webSocket.receive()];
    expect(await rest[0]).toBe('b');
    expect(await stateOf(rest[1])).toBe('pending');
    socket.peerEnds();
    expect(await rejection(rest[1])).toMatchObject({ code: 1000, isOk: true });
    expect(await closing).toMatchObject({ clean: true });
  });

  test('more of them than the queue holds are discarded, so that the peer’s Close is reached', async () => {
    const { webSocket, socket } = await connected();
    void webSocket.close();
    socket.arrive(...Array.from({ length: 1000 }, (_, i) => `${i}`));
    expect(socket.flow).toEqual([]);
    socket.peerEnds();
    await webSocket.closed;
    for (let i = 0; i < 16; i++) expect(await webSocket.receive()).toBe(`${i}`);
    expect(await rejection(webSocket.receive())).toMatchObject({ code: 1000 });
  });

  test('nothing is delivered after the gap', async () => {
    const { webSocket, socket } = await connected();
    void webSocket.close();
    socket.arrive(...Array.from({ length: 17 }, (_, i) => `${i}`));
    for (let i = 0; i < 16; i++) expect(await webSocket.receive()).toBe(`${i}`);
    const next = webSocket.receive();
    socket.arrive('after the gap');
    expect(await stateOf(next)).toBe('pending');
    socket.peerEnds();
    expect(await rejection(next)).toMatchObject({ code: 1000 });
  });

  const hundred = Array.from({ length: 100 }, (_, i) => `${i}`);

  test('whoever iterates is given all that comes, however much comes at once', async () => {
    const { webSocket, socket } = await connected();
    const received: unknown[] = [];
    const done = (async () => {
      for await (const message of webSocket) received.push(message);
    })();
    const closing = webSocket.close();
    socket.arrive(...hundred);
    socket.peerEnds();
    await done;
    expect(received).toEqual(hundred);
    expect(await closing).not.toHaveProperty('dropped');
    expect(socket.clock.timers).toBe(0);
  });

  test('whoever is slow is waited for, as long as something is taken within a second', async () => {
    const { webSocket, socket } = await connected();
    const first = webSocket.receive();
    const closing = webSocket.close();
    socket.arrive(...hundred);
    socket.peerEnds();
    expect(await first).toBe('0');
    for (let i = 1; i < 100; i++) {
      await socket.clock.advance(999);
      expect(await webSocket.receive()).toBe(`${i}`);
    }
    expect(await closing).not.toHaveProperty('dropped');
    expect(socket.clock.timers).toBe(0);
  });

  test('a consumer that takes nothing for a second is there no more: what the queue does not hold is dropped and counted', async () => {
    const { webSocket, socket } = await connected();
    const first = webSocket.receive();
    const closing = webSocket.close();
    socket.arrive(...hundred);
    socket.peerEnds();
    expect(await first).toBe('0');
    await socket.clock.advance(999);
    expect(await stateOf(closing)).toBe('pending');
    await socket.clock.advance(1);
    expect(await closing).toMatchObject({ code: 1000, dropped: 83 });
    expect(await webSocket.closed).toMatchObject({ dropped: 83 });
    for (let i = 1; i <= 16; i++) expect(await webSocket.receive()).toBe(`${i}`);
    expect(await rejection(webSocket.receive())).toMatchObject({ code: 1000 });
    expect(socket.clock.timers).toBe(0);
  });

  test('whoever has left the loop is there no more, and nothing is waited for', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive('first');
    for await (const message of webSocket) if (message === 'first') break;
    const closing = webSocket.close();
    socket.arrive(...hundred);
    socket.peerEnds();
    expect(await closing).toMatchObject({ dropped: 84 });
    expect(socket.clock.timers).toBe(0);
  });

  test('what was dropped is counted on when it is closed again', async () => {
    const { webSocket, socket } = await connected();
    void webSocket.close();
    socket.arrive(...hundred);
    const again = webSocket.close();
    socket.arrive('one more');
    socket.peerEnds();
    expect(await again).toMatchObject({ dropped: 85 });
  });

  test('where nobody has ever received, nothing is waited for', async () => {
    const { webSocket, socket } = await connected();
    const closing = webSocket.close();
    socket.arrive(...hundred);
    socket.peerEnds();
    expect(await closing).toMatchObject({ dropped: 84 });
  });

  test('a stream that is read is given all of its message, and one that is left lying ends unfinished', async () => {
    const big = new Uint8Array(1024 * KIB);
    for (const isRead of [true, false]) {
      const { webSocket, socket } = await connected();
      const stream = webSocket.receiveStream();
      const closing = webSocket.close();
      socket.begin(true);
      for (let at = 0; at < big.length; at += 16 * KIB) socket.piece(big.subarray(at, at + 16 * KIB));
      socket.finish();
      socket.peerEnds();
      let length = 0;
      if (isRead) {
        for await (const chunk of stream) length += chunk.length;
        expect(length).toBe(big.length);
        expect(await closing).not.toHaveProperty('dropped');
      } else {
        await socket.clock.advance(1000);
        expect(await closing).toMatchObject({ dropped: 1 });
        const reading = (async () => {
          for await (const chunk of stream) length += chunk.length;
        })();
        expect(await rejection(reading)).toMatchObject({ code: 1000 });
        expect(length).toBeLessThan(big.length);
      }
    }
  });

  test('a socket that was paused reads on', async () => {
    const { webSocket, socket } = await connected();
    socket.arrive(...Array.from({ length: 30 }, (_, i) => `${i}`));
    socket.peerEnds(1001);
    expect([socket.paused, webSocket.state]).toEqual([true, 'open']);
    const info = await webSocket.close(4000);
    expect(info).toMatchObject({ code: 1001, clean: true, sent: { code: 4000 } });
    const received: unknown[] = [];
    for await (const message of webSocket) received.push(message);
    expect(received).toEqual(Array.from({ length: 16 }, (_, i) => `${i}`));
  });
});
