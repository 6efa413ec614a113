/** undici, the client that Node itself has, over real sockets. */
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket as UndiciSocket } from 'undici';
import { listen, type Server, type WebSocket } from '../../drivers/index.ts';
import { BINARIES, deferred, same, TEXTS } from './messages.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close({ timeout: 1 });
});

async function serveWith(handler: (ws: WebSocket) => Promise<unknown>): Promise<string> {
  const server = await listen({ host: '127.0.0.1', port: 0, subprotocols: ['chat'] }, handler);
  servers.push(server);
  return server.url;
}

/** The next event of a kind. */
const next = <T extends Event>(socket: UndiciSocket, type: string) =>
  new Promise<T>((resolve) => socket.addEventListener(type as 'message', resolve as never, { once: true }));

async function connected(url: string): Promise<UndiciSocket> {
  const socket = new UndiciSocket(url, ['chat']);
  socket.binaryType = 'arraybuffer';
  await next(socket, 'open');
  return socket;
}

const received = async (socket: UndiciSocket) => {
  const { data } = await next<MessageEvent>(socket, 'message');
  return typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer);
};

describe('our server, the client of undici', () => {
  test('every kind and length of message comes back as it was', async () => {
    const socket = await connected(
      await serveWith(async (ws) => {
        for await (const message of ws) await ws.send(message);
      }),
    );
    expect(socket.protocol).toBe('chat');
    for (const message of [...TEXTS, ...BINARIES]) {
      socket.send(message);
      expect(same(await received(socket), message)).toBe(true);
    }
    socket.close();
    await next(socket, 'close');
  });

  test('our fragments arrive as one message, with a ping between them', async () => {
    const url = await serveWith(async (ws) => {
      await ws.send(['one ', 'message, ', 'three fragments']);
      expect(await ws.ping()).toBeGreaterThanOrEqual(0);
      await ws.receive().catch(() => {});
    });
    const socket = new UndiciSocket(url);
    expect(await received(socket)).toBe('one message, three fragments');
    socket.close();
    await next(socket, 'close');
  });

  test('it closes first', async () => {
    const closed = deferred<unknown>();
    const socket = await connected(await serveWith(async (ws) => closed.resolve(await ws.closed)));
    socket.close(4001, 'theirs');
    expect(await next(socket, 'close')).toMatchObject({ code: 4001, reason: 'theirs', wasClean: true });
    expect(await closed.promise).toMatchObject({ code: 4001, clean: true, first: 'received' });
  });

  test('we close first', async () => {
    const closed = deferred<unknown>();
    const url = await serveWith(async (ws) => {
      await ws.receive();
      closed.resolve(await ws.close(4002, 'ours'));
    });
    const socket = await connected(url);
    socket.send('go on');
    expect(await next(socket, 'close')).toMatchObject({ code: 4002, reason: 'ours', wasClean: true });
    expect(await closed.promise).toMatchObject({ code: 4002, clean: true, first: 'sent' });
  });
});
