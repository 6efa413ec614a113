import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { ConnectionLostError } from '../../../protocol/index.ts';
import { settled } from '../../support/fake-socket.ts';
import { heapInUse } from '../../support/garbage.ts';
import { connected, rejection, stateOf } from './connected.ts';

const KIB = 1024;
const FULL = 'x'.repeat(64 * KIB);

describe('send', () => {
  test('sends strings and bytes as they are', async () => {
    const { webSocket, socket } = await connected();
    const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
    const messages = [
      '',
      'text',
      buffer,
      new Uint8Array(buffer, 1, 2),
      new Uint16Array(buffer),
      new DataView(buffer, 3),
      Buffer.from('b'),
      runInNewContext('new ArrayBuffer(2)'),
      runInNewContext('new Uint8Array(2)'),
    ];
    for (const message of messages) await webSocket.send(message);
    expect(socket.sent).toEqual(messages.map((message) => ({ message })));
    for (const [i, one] of socket.sent.entries()) expect((one as { message: unknown }).message).toBe(messages[i]);
  });

  test('hands `compress` on', async () => {
    const { webSocket, socket } = await connected();
    await webSocket.send('a', { compress: false });
    await webSocket.send(['b', 'c'], { compress: false });
    expect(webSocket.trySend('d', { compress: false })).toBe(true);
    // It is what happens by itself.
    await webSocket.send('e', { compress: true });
    expect(socket.sent).toEqual([
      { message: 'a', compress: false },
      { fragment: 'b', fin: false, compress: false },
      { fragment: 'c', fin: true, compress: false },
      { message: 'd', compress: false },
      { message: 'e' },
    ]);
  });

  const notMessages: [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['a bigint', 1n],
    ['a boolean', true],
    ['a symbol', Symbol('s')],
    ['a function', () => 'a'],
    ['an object', {}],
    ['a Date', new Date(0)],
    ['a promise', Promise.resolve('a')],
    ['an array of numbers', [1, 2, 3]],
    ['an array with a hole', ['a', , 'b']],
    ['an array of texts and bytes', ['a', new Uint8Array(1)]],
    ['an array of bytes and texts', [new Uint8Array(1), 'a']],
    ['an array of arrays', [['a']]],
    ['a Map', new Map([['a', 'b']])],
    ['a set of numbers', new Set([1])],
    ['a spoofed ArrayBuffer view', { byteLength: 1, buffer: new ArrayBuffer(1) }],
  ];
  test.each(notMessages)('rejects with a TypeError for %s, and nothing is written', async (_name, message) => {
    const { webSocket, socket } = await connected();
    expect(await rejection(webSocket.send(message as never))).toBeInstanceOf(TypeError);
    expect(socket.sent).toEqual([]);
    expect(webSocket.state).toBe('open');
    await webSocket.send('next');
    expect(socket.sent).toEqual([{ message: 'next' }]);
  });

  test('a TypeError comes first whatever the state of the connection', async () => {
    const { webSocket, socket } = await connected();
    socket.peerEnds();
    expect(await rejection(webSocket.send(1 as never))).toBeInstanceOf(TypeError);
    expect(await rejection(webSocket.send([1] as never))).toBeInstanceOf(TypeError);
  });
});

describe('backpressure', () => {
  test('a send over the high-water mark waits until the transport takes more', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    expect(await stateOf(webSocket.send('below'))).toBe('resolved');
    const over = webSocket.send(FULL);
    expect(await stateOf(over)).toBe('pending');
    expect(socket.sent).toHaveLength(2);
    socket.drain();
    await over;
    await webSocket.send('after');
    expect(socket.sent).toHaveLength(3);
  });

  test('those behind it wait for their turn, in order, and nothing of them is written', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const sends = [webSocket.send(FULL), webSocket.send('b'), webSocket.send(['c', 'd']), webSocket.send('e')];
    for (const send of sends) expect(await stateOf(send)).toBe('pending');
    expect(socket.sent).toEqual([{ message: FULL }]);
    expect(webSocket.bufferedAmount).toBe(64 * KIB + 2);
    socket.drain();
    await Promise.all(sends);
    expect(socket.sent.slice(1)).toEqual([
      { message: 'b' },
      { fragment: 'c', fin: false },
      { fragment: 'd', fin: true },
      { message: 'e' },
    ]);
    expect(webSocket.bufferedAmount).toBe(0);
  });

  test('each of them may fill the transport again', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const order: number[] = [];
    const sends = [0, 1, 2].map((i) => webSocket.send(FULL).then(() => order.push(i)));
    for (let written = 1; written <= 3; written++) {
      await settled();
      expect([socket.sent.length, order.length]).toEqual([written, written - 1]);
      socket.drain(true);
    }
    await Promise.all(sends);
    expect(order).toEqual([0, 1, 2]);
  });

  test('what has gone out counts no more, however much it comes to', async () => {
    const { webSocket, socket } = await connected({ sendLimit: 100 * KIB });
    for (let i = 0; i < 20; i++) {
      socket.stuck = true;
      const sends = [FULL, 'x'.repeat(10 * KIB), 'y'.repeat(10 * KIB)].map((message) => webSocket.send(message));
      expect(socket.sent).toHaveLength(3 * i + 1);
      socket.drain();
      await Promise.all(sends);
    }
    expect([webSocket.state, webSocket.trySend('and on')]).toEqual(['open', true]);
  });

  test('more than sendLimit waiting ends the connection, and every send is told', async () => {
    const { webSocket, socket } = await connected({ sendLimit: 100 * KIB });
    socket.stuck = true;
    const sends = Array.from({ length: 10 }, () => webSocket.send(FULL));
    for (const send of sends) expect(await rejection(send)).toBeInstanceOf(ConnectionLostError);
    expect(webSocket.state).toBe('closed');
    expect(await webSocket.closed).toMatchObject({ code: 1006 });
  });

  test.each(['', 'x'])(
    'messages of %j that nobody awaits count with what they take, and end the connection',
    async (message) => {
      const { webSocket, socket } = await connected({ sendLimit: 100 * KIB });
      socket.stuck = true;
      const first = webSocket.send(FULL);
      const sends: Promise<void>[] = [];
      while (webSocket.state === 'open' && sends.length < 10_000) sends.push(webSocket.send(message));
      expect(sends.length).toBeLessThanOrEqual((100 * KIB) / 256);
      for (const send of [first, ...sends]) expect(await rejection(send)).toBeInstanceOf(ConnectionLostError);
      // What it takes is no part of what was sent.
      expect(webSocket.bufferedAmount).toBeLessThan(65 * KIB);
    },
  );

  test('a drain that nobody waits for means nothing', async () => {
    const { webSocket, socket } = await connected({ highWater: 4 });
    socket.stuck = true;
    expect(socket.send('else')).toBe(false);
    socket.drain();
    await webSocket.send('a');
    expect(socket.sent).toEqual([{ message: 'else' }, { message: 'a' }]);
  });
});

describe('trySend', () => {
  test('is true while less than the high-water mark waits, and drops the message otherwise', async () => {
    const { webSocket, socket } = await connected({ highWater: 10 });
    socket.stuck = true;
    expect(webSocket.trySend('12345')).toBe(true);
    expect(webSocket.trySend(new Uint8Array(6))).toBe(true);
    expect(webSocket.trySend('dropped')).toBe(false);
    expect(socket.sent).toHaveLength(2);
    socket.drain();
    expect(webSocket.trySend('again')).toBe(true);
    expect(socket.sent).toHaveLength(3);
  });

  test('is false too when many empty ones wait', async () => {
    const { webSocket } = await connected();
    void webSocket.send(
      (async function* () {
        await new Promise(() => {});
        yield '';
      })(),
    );
    let queued = 0;
    while (queued < 10_000 && webSocket.trySend('')) queued++;
    expect(queued).toBe((64 * KIB) / 256);
  });

  test('keeps its turn behind a fragmented message', async () => {
    const { webSocket, socket } = await connected({ highWater: 10 });
    let next!: (value: string | undefined) => void;
    const source = (async function* () {
      for (;;) {
        const value = await new Promise<string | undefined>((resolve) => (next = resolve));
        if (value === undefined) return;
        yield value;
      }
    })();
    const sending = webSocket.send(source);
    await settled();
    next('a');
    await settled();
    expect(webSocket.trySend('12345')).toBe(true);
    expect(webSocket.trySend('67890')).toBe(true);
    expect(webSocket.trySend('too much')).toBe(false);
    expect(socket.sent).toEqual([{ fragment: 'a', fin: false }]);
    next(undefined);
    await sending;
    expect(socket.sent.slice(1)).toEqual([{ fragment: '', fin: true }, { message: '12345' }, { message: '67890' }]);
  });

  test('throws a TypeError for what is not one piece', async () => {
    const { webSocket, socket } = await connected();
    for (const message of [1, undefined, ['a']]) expect(() => webSocket.trySend(message as never)).toThrow(TypeError);
    expect(socket.sent).toEqual([]);
  });

  test.each(['closing', 'closed', 'lost'] as const)(
    'is false when the connection is %s, and does not throw',
    async (how) => {
      const { webSocket, socket } = await connected();
      if (how === 'closing') void webSocket.close();
      else if (how === 'closed') socket.peerEnds();
      else socket.lose();
      expect(webSocket.trySend('a')).toBe(false);
      expect(socket.sent.filter((one) => 'message' in one)).toEqual([]);
    },
  );

  test('is false when the transport is gone and the end is still to be told', async () => {
    const { webSocket } = await connected();
    webSocket.terminate();
    expect(webSocket.trySend('a')).toBe(false);
    await webSocket.closed;
  });
});

describe('giving up a send', () => {
  test('a message that has not begun is not sent', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const first = webSocket.send(FULL);
    const controller = new AbortController();
    const second = webSocket.send('second', { signal: controller.signal });
    const third = webSocket.send('third');
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejection(second)).toBe(reason);
    expect(webSocket.bufferedAmount).toBe(64 * KIB + 5);
    socket.drain();
    await Promise.all([first, third]);
    expect(socket.sent).toEqual([{ message: FULL }, { message: 'third' }]);
  });

  test('one that is written only stops waiting', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const controller = new AbortController();
    const send = webSocket.send(FULL, { signal: controller.signal });
    controller.abort();
    expect((await rejection(send)).name).toBe('AbortError');
    socket.drain();
    await webSocket.send('next');
    expect(socket.sent).toEqual([{ message: FULL }, { message: 'next' }]);
    expect(webSocket.state).toBe('open');
  });

  test('a signal that has fired already sends nothing', async () => {
    const { webSocket, socket } = await connected();
    const signal = AbortSignal.abort();
    for (const message of ['a', ['a', 'b']]) {
      expect((await rejection(webSocket.send(message, { signal }))).name).toBe('AbortError');
    }
    expect(socket.sent).toEqual([]);
  });

  test('a signal is let go of when the send is over', async () => {
    const { webSocket, socket } = await connected();
    const { signal } = new AbortController();
    let listeners = 0;
    signal.addEventListener = () => listeners++;
    signal.removeEventListener = () => listeners--;
    await webSocket.send('a', { signal });
    await webSocket.send(['a'], { signal });
    expect(listeners).toBe(0);
    socket.stuck = true;
    const sends = [webSocket.send(FULL, { signal }), webSocket.send(FULL, { signal }), webSocket.send('c', { signal })];
    // One for all who share a signal.
    expect(listeners).toBe(1);
    socket.drain(true);
    await sends[0];
    expect(listeners).toBe(1);
    socket.lose();
    for (const send of sends.slice(1)) await rejection(send);
    expect(listeners).toBe(0);
  });
});

describe('when the connection ends', () => {
  test('every pending send rejects with its error, and so does every later one', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const sends = [webSocket.send(FULL), webSocket.send('b'), webSocket.send(['c'])];
    const lost = new ConnectionLostError('reset');
    socket.lose(lost);
    for (const send of sends) expect(await rejection(send)).toBe(lost);
    expect(await rejection(webSocket.send('d'))).toBe(lost);
    expect(await rejection(webSocket.send(['e']))).toBe(lost);
    expect(webSocket.bufferedAmount).toBe(0);
  });

  test('the peer’s Close is enough', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const send = webSocket.send(FULL);
    socket.peerCloses(4000, 'enough');
    expect(await rejection(send)).toMatchObject({ code: 4000, reason: 'enough' });
    expect(await rejection(webSocket.send('b'))).toMatchObject({ code: 4000 });
  });

  test('a send whose end is not told yet is told it', async () => {
    const { webSocket } = await connected();
    webSocket.terminate();
    const sends = [webSocket.send('a'), webSocket.send(['b']), webSocket.send([])];
    for (const send of sends) expect(await rejection(send)).toBeInstanceOf(ConnectionLostError);
  });

  test('a rejection that nobody awaits does no harm', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    void webSocket.send(FULL);
    void webSocket.send('b');
    socket.lose();
    void webSocket.send('c');
    // An unhandled rejection would fail this run.
    await settled();
  });
});

describe('a local close', () => {
  test('comes after everything that was given to send', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const sends = [webSocket.send(FULL), webSocket.send('b'), webSocket.send(FULL)];
    void webSocket.close(4000, 'bye');
    expect(socket.sent).toEqual([
      { message: FULL },
      { message: 'b' },
      { message: FULL },
      { close: 4000, reason: 'bye' },
    ]);
    expect(await rejection(webSocket.send('late'))).toMatchObject({ code: 4000, reason: 'bye' });
    socket.drain();
    await Promise.all(sends);
  });

  test('does not wait for a source: that message and those behind it are told', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const first = webSocket.send(FULL);
    const source = webSocket.send(['b', 'c']);
    const last = webSocket.send('d');
    void webSocket.close();
    expect(socket.sent).toEqual([{ message: FULL }, { close: 1000, reason: '' }]);
    for (const send of [source, last]) expect(await rejection(send)).toMatchObject({ code: 1000, isOk: true });
    socket.lose();
    expect(await rejection(first)).toMatchObject({ code: 1006 });
  });

  test('with a code or reason that may not be sent changes nothing', async () => {
    const { webSocket, socket } = await connected();
    socket.stuck = true;
    const sends = [webSocket.send(FULL), webSocket.send(['b', 'c'])];
    expect(await rejection(webSocket.close(1006))).toBeInstanceOf(RangeError);
    expect(webSocket.state).toBe('open');
    socket.drain();
    await Promise.all(sends);
    expect(socket.sent).toHaveLength(3);
  });
});

test('a send that waits takes little more than the 256 bytes that it counts', async () => {
  const { webSocket, socket } = await connected();
  socket.stuck = true;
  void webSocket.send(FULL); // the others wait for it
  const all = (count: number) => Array.from({ length: count }, () => webSocket.send('x'));
  all(1000); // the first ones cost what is made once
  const before = heapInUse();
  const sends = all(10_000);
  expect((heapInUse() - before) / sends.length).toBeLessThan(310);
  expect(await stateOf(sends[0]!)).toBe('pending');
});
