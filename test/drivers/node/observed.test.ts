/** What the channels tell besides opens, messages and ends: stages, streams, pongs, backpressure, drops, frames. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, test } from 'vitest';
import { listen, open } from '../../../drivers/index.ts';

const LOCAL = { host: '127.0.0.1', port: 0 } as const;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What a channel publishes from now on. */
function heard(name: string): any[] {
  const messages: unknown[] = [];
  const listener = (message: unknown) => void messages.push(message);
  subscribe(`sansocket:${name}`, listener);
  cleanups.push(() => unsubscribe(`sansocket:${name}`, listener));
  return messages;
}

async function echo() {
  const server = await listen(LOCAL, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  cleanups.push(() => server.close({ timeout: 0 }));
  return server;
}

test('a client’s handshake, with how long each stage took, whether it succeeds or fails', async () => {
  const handshakes = heard('client:handshake');
  const server = await echo();
  const ws = await open(server.url);
  await open('ws://127.0.0.1:9/').catch(() => {});
  expect(handshakes).toMatchObject([{ error: undefined }, { error: { kind: 'connect' } }]);
  expect(handshakes[0].durations).toMatchObject({ TCP: expect.any(Number), 'the response': expect.any(Number) });
  ws.terminate();
});

test('messages that are streamed or sent in fragments, once and with their whole size', async () => {
  const sent = heard('message:sent');
  const received = heard('message:received');
  const server = await echo();
  const ws = await open(server.url);
  await ws.send(['grüße ', 'in ', 'fragments']);
  let text = '';
  for await (const chunk of ws.receiveStream()) text += chunk;
  expect(text).toBe('grüße in fragments');
  const whole = { kind: 'text', size: 20 };
  expect(sent.filter(({ socket }) => !socket.isServer)).toMatchObject([whole]);
  expect(received.filter(({ socket }) => !socket.isServer)).toMatchObject([whole]);
  ws.terminate();
});

test('pongs with their round trip, and frames with their length on the wire', async () => {
  const pongs = heard('pong');
  const frames = heard('frame');
  const ws = await open((await echo()).url);
  const roundTrip = await ws.ping();
  expect(pongs).toMatchObject([{ roundTrip }]);
  expect(frames.filter(({ isServer, sent }) => !isServer && sent)).toMatchObject([{ opcode: 9, fin: true }]);
  ws.terminate();
});

test('backpressure, and what trySend dropped', async () => {
  const backpressure = heard('backpressure');
  const drops = heard('drop');
  const server = await listen(LOCAL, (ws) => ws.closed);
  cleanups.push(() => server.close({ timeout: 0 }));
  const ws = await open(server.url, { sendHighWater: 1 });
  void ws.send(new Uint8Array(1000));
  expect(backpressure).toMatchObject([{ isWaiting: true, bufferedAmount: expect.any(Number) }]);
  expect(ws.trySend('x')).toBe(false);
  expect(drops).toMatchObject([{ reason: 'slow' }]);
  while (backpressure.length < 2) await new Promise(setImmediate);
  expect(backpressure[1]).toMatchObject({ isWaiting: false });
  ws.terminate();
});

test('errors of the promise API’s handlers', async () => {
  const errors = heard('error');
  const fails = new Error('of a handler');
  const server = await listen({ ...LOCAL, onError: () => {} }, () => Promise.reject(fails));
  cleanups.push(() => server.close({ timeout: 0 }));
  await open(server.url, (ws) => ws.closed);
  expect(errors).toMatchObject([{ error: fails }]);
});

test('the end, with what went over the connection', async () => {
  const closes = heard('close');
  const server = await echo();
  const info = await open(server.url, async (ws) => {
    await ws.send('hello');
    await ws.receive();
    return ws.close();
  });
  // A masked TEXT frame, and the request before it.
  expect(info.traffic).toMatchObject({ messagesSent: 1, messagesReceived: 1 });
  expect(info.traffic!.bytesSent).toBeGreaterThan(11);
  expect(info.traffic!.bytesReceived).toBeGreaterThan(7);
  for (const since of [info.traffic!.sinceReceived!, info.traffic!.sinceSent!, info.traffic!.openFor]) {
    expect(since).toBeGreaterThanOrEqual(0);
  }
  const failed = await open('ws://127.0.0.1:9/').catch(() => closes.at(-1).info);
  expect(failed.traffic).toMatchObject({ openFor: 0, bytesReceived: 0, sinceReceived: undefined });
});
