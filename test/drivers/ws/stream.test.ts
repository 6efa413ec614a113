/** What streams do where those of `ws` are left as they are; the rest is in the scripts. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import WebSocket, { createWebSocketStream, WebSocketServer } from '../../../drivers/ws/index.ts';

async function pair(): Promise<{ client: WebSocket; peer: WebSocket }> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  onTestFinished(() => {
    for (const each of wss.clients) each.terminate();
    wss.close();
  });
  const client = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`);
  const [[peer]] = await Promise.all([once(wss, 'connection'), once(client, 'open')]);
  return { client, peer };
}

const reset = (ws: WebSocket): void => void (ws._socket as Socket).resetAndDestroy();

test.each([
  ['its peer resets the connection', ({ client }: { client: WebSocket }) => reset(client)],
  ['it is terminated itself', ({ peer }: { peer: WebSocket }) => peer.terminate()],
])('a pipeline ends when %s', async (_, end) => {
  const both = await pair();
  const stream = createWebSocketStream(both.peer);
  const piped = new Promise((resolve) => void pipeline(stream, stream, resolve));
  both.client.on('error', () => {});
  both.client.send('one');
  await once(both.client, 'message');
  end(both);
  await piped;
  expect(stream.destroyed).toBe(true);
});

test('a stream whose peer resets the connection while it ends is closed', async () => {
  const { client, peer } = await pair();
  peer.pause();
  const stream = createWebSocketStream(client);
  const events: string[] = [];
  for (const event of ['end', 'finish', 'close']) stream.on(event, () => events.push(event));
  stream.resume();
  const closed = once(stream, 'close');
  stream.end('x');
  await new Promise((resolve) => setImmediate(resolve));
  reset(peer);
  await closed;
  expect(events.sort()).toEqual(['close', 'end', 'finish']);
});
