/** What is deflated off the thread keeps its place among all that is sent, when nobody waits for anybody; with ws. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocket as WsWebSocket, WebSocketServer } from 'ws';
import { connect, serve } from '../../drivers/node/index.ts';
import type { Socket } from '../../drivers/socket/socket.ts';
import { words } from '../support/deflate-codec-suite.ts';

const COMPRESS = { asyncAbove: 16_384, threshold: 100 };
const SIZES = [10, 16_383, 16_384, 200, 70_000, 0, 500, 1_500_000, 40_000, 40_000, 300, 20];
const MESSAGES = [...SIZES, ...SIZES].map((size, i) => Buffer.from(words(size, i % 5)));

/** Everything at once, one of them in fragments, with pings in between, and then a Close frame. */
function sendAll(socket: Socket<unknown>): void {
  for (const [i, message] of MESSAGES.entries()) {
    if (i === 5) {
      socket.sendFragment(message.subarray(0, 7), false);
      socket.sendFragment(message.subarray(7), true);
    } else {
      socket.send(message);
    }
    socket.ping();
  }
  socket.close(4000, 'all');
}

/** All messages that come over a connection of ws, and how it closed. */
async function everythingOf(socket: WsWebSocket): Promise<{ messages: Buffer[]; code: number }> {
  const messages: Buffer[] = [];
  socket.on('message', (data: Buffer) => messages.push(data));
  const [code] = (await once(socket, 'close')) as [number];
  return { messages, code };
}

function expectAll({ messages, code }: { messages: Buffer[]; code: number }): void {
  expect(messages.map(({ length }) => length)).toEqual(MESSAGES.map(({ length }) => length));
  expect(messages.every((message, i) => message.equals(MESSAGES[i]))).toBe(true);
  expect(code).toBe(4000);
}

describe.each([{}, { shared: true }])('with %j', (more) => {
  const compress = { ...COMPRESS, ...more };

  test('our server to a client of ws', async () => {
    const listener = await serve({ host: '127.0.0.1', port: 0, compress }, { open: sendAll });
    expectAll(await everythingOf(new WsWebSocket(listener.url, { perMessageDeflate: { threshold: 0 } })));
    listener.stopListening();
    await listener.closed;
  });

  test('our client to a server of ws', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } });
    await once(server, 'listening');
    const arrived = once(server, 'connection').then(([socket]) => everythingOf(socket as WsWebSocket));
    connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { compress }, { open: sendAll });
    expectAll(await arrived);
    await new Promise((resolve) => server.close(resolve));
  });
});
