/** partysocket, which connects again, on our WHATWG class. */
import ReconnectingWebSocket from 'partysocket/ws';
import { expect, test } from 'vitest';
import { listen } from '../../../drivers/index.ts';
import { WebSocket } from '../../../drivers/web/index.ts';

test('it connects again after a loss, and sends what was buffered meanwhile', async () => {
  let connections = 0;
  const received: unknown[] = [];
  const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
    const isFirst = ++connections === 1;
    for await (const message of ws) {
      received.push(message);
      if (isFirst) ws.terminate();
      else await ws.send(message);
    }
  });
  const socket = new ReconnectingWebSocket(server.url, undefined, {
    WebSocket,
    minReconnectionDelay: 1,
    maxReconnectionDelay: 2,
  });
  const events: string[] = [];
  for (const type of ['open', 'close'] as const) socket.addEventListener(type, () => events.push(type));
  socket.binaryType = 'arraybuffer';
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  socket.send('one');
  await new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }));
  socket.send(Uint8Array.of(2)); // there is no connection now
  const { data } = await new Promise<MessageEvent>((resolve) => (socket.onmessage = resolve as never));
  expect(new Uint8Array(data as ArrayBuffer)).toEqual(Uint8Array.of(2));
  expect([connections, received, events]).toEqual([2, ['one', Uint8Array.of(2)], ['open', 'close', 'open']]);
  socket.close();
  await server.close();
});
