/** Being told that what was sent has left: on the pipe, where the clock is ours, and over TCP, where the kernel's is. */
import { describe, expect, test } from 'vitest';
import { connect, type Handlers, serve, type Socket } from '../../../drivers/node/index.ts';
import { type Callbacks, Departures, type OnSent } from '../../../drivers/socket/departures.ts';

/** An open connection of either role to one that reads. */
async function connected(handlers: Handlers = {}, peer: Handlers = {}) {
  const listener = await serve({ host: '127.0.0.1', port: 0, pingInterval: 0, compress: true }, peer);
  const socket = await new Promise<Socket>((resolve) => {
    const options = { pingInterval: 0, compress: { threshold: 0, asyncAbove: 1000 } } as const;
    connect(listener.url, options, { ...handlers, open: resolve });
  });
  return {
    socket,
    async end() {
      listener.stopListening();
      socket.terminate();
      for (const one of listener.connections) one.terminate();
      await listener.closed;
    },
  };
}

test('every send of any kind is told once, after its call, in order', async () => {
  const { socket, end } = await connected();
  const told: string[] = [];
  const note = (name: string) => ({ onSent: (error?: Error) => void told.push(error === undefined ? name : 'lost') });
  const bytes = new Uint8Array(100);
  socket.send('text', note('text'));
  socket.send(bytes, note('bytes'));
  socket.sendText(new Uint8Array([0x61]), note('text bytes'));
  socket.sendPrepared(socket.prepare('prepared'), note('prepared'));
  socket.sendFragment('a', false, note('fragment'));
  socket.sendFragment('b', true, note('last fragment'));
  socket.ping(undefined, note('ping'));
  socket.pong(undefined, note('pong'));
  // Deflated off the thread, and what comes behind it.
  socket.send('x'.repeat(2000), note('later'));
  socket.send('behind', note('behind'));
  expect(told).toEqual([]);
  await new Promise<void>((resolve) => socket.send('last', { onSent: () => resolve() }));
  const kinds = ['text', 'bytes', 'text bytes', 'prepared', 'fragment', 'last fragment', 'ping', 'pong'];
  expect(told).toEqual([...kinds, 'later', 'behind']);
  await end();
});

test('a message that leaves at once, within the call, is told after it', async () => {
  const { socket, end } = await connected();
  let returned = false;
  await new Promise<void>((resolve, reject) => {
    const onSent = () => (returned ? resolve() : reject(new Error('within the call')));
    socket.send(new Uint8Array(100_000), { compress: false, onSent });
    returned = true;
  });
  await end();
});

test('what can’t leave is told with the error of the end, before close', async () => {
  const told: string[] = [];
  const { socket, end } = await connected({ close: () => void told.push('close') }, { open: (peer) => peer.pause() });
  const big = new Uint8Array(6 << 20);
  for (let i = 0; i < 2; i++)
    socket.send(big, { compress: false, onSent: (error) => void told.push(`${error?.name}`) });
  socket.send('x'.repeat(2000), { onSent: (error) => void told.push(`held: ${error?.message}`) });
  socket.terminate();
  expect(told).toEqual(['ConnectionLostError', 'ConnectionLostError', 'held: terminated', 'close']);
  await end();
});

test('a send that is too late is told so, after its call, and returns false', async () => {
  const { socket, end } = await connected();
  socket.close();
  const errors: (string | undefined)[] = [];
  const late = { onSent: (error?: Error) => void errors.push(error?.message) };
  const sent = [
    socket.send('a', late),
    socket.send(new Uint8Array(1), late),
    socket.sendText(new Uint8Array([0x61]), late),
    socket.sendFragment('a', true, late),
    socket.sendPrepared(socket.prepare('a'), late),
    socket.ping(undefined, late),
    socket.pong(undefined, late),
  ];
  expect(sent).toEqual([false, false, false, false, false, 0, undefined]);
  expect(errors).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual(Array(7).fill('the connection is closing: nothing was sent'));
  await end();
});

test('what a callback throws is reported to error, and closes the connection with 1011', async () => {
  const errors: unknown[] = [];
  const { socket, end } = await connected({ error: (error) => void errors.push(error) });
  const failure = new Error('on purpose');
  socket.send('a', {
    onSent() {
      throw failure;
    },
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([errors, socket.state]).toEqual([[failure], 'closing']);
  await end();
});

test('a callback is given nothing but the error, and no object of ours as this', async () => {
  const { socket, end } = await connected();
  const told: unknown[] = [];
  function onSent(this: unknown, ...given: unknown[]): void {
    told.push([this, given.length]);
  }
  socket.send('a', { onSent });
  socket.send('x'.repeat(2000), { onSent });
  await new Promise<void>((resolve) => socket.send('last', { onSent: () => resolve() }));
  expect(told).toEqual(Array(2).fill([undefined, 0]));
  socket.terminate();
  await new Promise<void>((resolve) => socket.send('late', { onSent: () => resolve() }));
  socket.send('late', { onSent });
  await new Promise((resolve) => setImmediate(resolve));
  expect(told.at(-1)).toEqual([undefined, 1]);
  await end();
});

test('flush hands to the transport what would have waited for the end of the turn', async () => {
  const { socket, end } = await connected();
  socket.send('a', { compress: false });
  expect(socket.bufferedAmount).toBeGreaterThan(0);
  socket.flush();
  expect(socket.bufferedAmount).toBe(0);
  await end();
});

test('pause stops the transport before it returns', async () => {
  const { socket, end } = await connected();
  let paused = 0;
  const { transportHandler } = socket;
  const stop = () => void paused++;
  socket.attach({ write: () => true, bufferedAmount: 0, end() {}, abort() {}, pause: stop, resume() {} });
  socket.pause();
  expect(paused).toBe(1);
  transportHandler.onLost(undefined);
  await end();
});

/** One, several or none, as a list. */
function listOf(callbacks: Callbacks): readonly OnSent[] {
  return callbacks === undefined ? [] : [callbacks].flat();
}

describe('the list', () => {
  test('what was held and is released twice, or after the end, is told once', () => {
    const departures = new Departures();
    const told: unknown[] = [];
    const release = departures.hold((error) => void told.push(error));
    const lost = departures.takeLost();
    release();
    departures.depart();
    expect(listOf(departures.takeLeft())).toEqual([]);
    for (const callback of listOf(lost)) callback(new Error('lost'));
    expect(told).toHaveLength(1);
  });

  test('what is lost is told so once: with the write that failed, and not again at the end', () => {
    const departures = new Departures();
    const one = () => {};
    const two = () => {};
    departures.add(one);
    departures.depart();
    departures.add(two);
    expect(listOf(departures.takeLost())).toEqual([one, two]);
    departures.depart();
    expect(listOf(departures.takeLeft())).toEqual([]);
    expect(listOf(departures.takeLost())).toEqual([]);
  });

  test('what is under way stays with what departs later', () => {
    const departures = new Departures();
    const one = () => {};
    const two = () => {};
    departures.add(one);
    departures.depart();
    departures.add(two);
    departures.depart();
    departures.depart();
    expect(listOf(departures.takeLeft())).toEqual([one, two]);
    expect(listOf(departures.takeLeft())).toEqual([]);
  });
});
