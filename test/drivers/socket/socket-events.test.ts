/** What a socket tells of, and to whom, over the in-memory network. */
import { expect, test } from 'vitest';
import { NetworkDriver } from '../../../drivers/pipe/network.ts';
import type { Socket } from '../../../drivers/socket/socket.ts';
import { echo, Recorder } from '../pipe/sessions.ts';

/** A signal that counts who listens to it. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  return { controller, signal, listeners: () => listeners };
}

test('a signal gives up the opening handshake, and ends nothing once that is over', async () => {
  const network = new NetworkDriver();
  const { controller, signal, listeners } = counted();
  const { client, socket } = await echo(network, { client: { signal } });
  await client.until(() => client.log.length === 1);
  expect(listeners()).toBe(0);
  controller.abort();
  await network.settle();
  expect([client.log, socket.state]).toEqual([['open'], 'open']);
});

test('a signal is not listened to once the opening handshake has failed', async () => {
  const network = new NetworkDriver();
  const { signal, listeners } = counted();
  const client = new Recorder();
  network.connect('ws://nobody/', { signal }, client.handlers);
  expect(listeners()).toBe(1);
  await client.until(() => client.infos.length === 1);
  expect(listeners()).toBe(0);
});

test('the request is one object, from the moment that somebody asks for it', async () => {
  const network = new NetworkDriver();
  const seen: unknown[] = [];
  const see = (socket: Socket) => seen.push(socket.request);
  const { client } = await echo(network, {
    server: {
      authorize: (request) => seen.push(request) > 0,
    },
    onServer: { open: see, message: see },
  });
  client.sockets[0]?.send('a');
  await client.until(() => client.log.length === 1);
  client.sockets[0]!.send('a');
  await network.settle();
  expect(seen).toHaveLength(3);
  expect(new Set(seen).size).toBe(1);
});

test('the place of the server is in errors of the opening handshake alone, and of a client', async () => {
  const network = new NetworkDriver();
  const server = new Recorder();
  await network.serve({ host: 'server', authorize: () => false }, server.handlers);
  const refused = new Recorder();
  network.connect('ws://server/chat', {}, refused.handlers);
  await refused.until(() => refused.infos.length === 1);
  await server.until(() => server.infos.length === 1);
  expect(refused.infos[0]!.error!.message).toMatch(/: ws:\/\/server\/chat$/);
  expect(server.infos[0]!.error!.message).toBe('the request was refused with 403');

  const other = new NetworkDriver();
  const { client } = await echo(other, { client: { pingInterval: 100, pongTimeout: 100 } });
  await client.until(() => client.log.length === 1);
  other.links[0]!.stall();
  await other.advance(200);
  expect(client.infos).toMatchObject([{ error: { name: 'TimeoutError' } }]);
  expect(client.infos[0]!.error!.message).not.toMatch(/ws:|waiting for/);
});

test('messages count as they are received, whole or in pieces, and the time from when it was open', async () => {
  const network = new NetworkDriver();
  const server = new Recorder({
    open: (socket) => socket.streamNext(),
    messageEnd: (socket) => socket.streamNext(),
  });
  await network.serve({ host: 'server' }, server.handlers);
  const client = new Recorder();
  const socket = network.connect('ws://server/', {}, client.handlers);
  await client.until(() => client.log.length === 1);
  await network.advance(500);
  socket.send('one');
  socket.send(new Uint8Array(3));
  await network.settle();
  const { messagesReceived, openFor } = server.sockets[0]!.traffic;
  expect(messagesReceived).toBe(2);
  expect(openFor).toBeGreaterThanOrEqual(500);
  expect(openFor).toBeLessThan(600);
});

test('who waits to be told to go on is told once', async () => {
  const network = new NetworkDriver({ window: 1000 });
  const { client, socket } = await echo(network, { client: { sendHighWater: 100 }, onServer: {} });
  await client.until(() => client.log.length === 1);
  let told = 0;
  expect(socket.send(new Uint8Array(5000))).toBe(false);
  socket.onceWritable(() => void told++);
  await client.until(() => client.log.includes('drain'));
  expect(told).toBe(1);
  expect(socket.send(new Uint8Array(5000))).toBe(false);
  await network.settle();
  socket.terminate();
  expect(told).toBe(1);
});
