/** `ws` in both roles, over real sockets. */
import { on, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket as WsSocket, WebSocketServer } from 'ws';
import { listen, open, type Server, type WebSocket } from '../../drivers/index.ts';
import { asynchronously, BINARIES, deferred, same, TEXTS } from './messages.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server of ours. */
async function ours(handler: (ws: WebSocket) => Promise<unknown>): Promise<Server> {
  const server = await listen({ host: '127.0.0.1', port: 0 }, handler);
  cleanups.push(() => server.close({ timeout: 1 }));
  return server;
}

/** A server of theirs. Returns its URL. */
async function theirs(onConnection: (socket: WsSocket) => void): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', onConnection);
  await once(server, 'listening');
  cleanups.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A client of theirs, open. */
async function theirClient(url: string): Promise<WsSocket> {
  const socket = new WsSocket(url);
  cleanups.push(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** The messages that a socket of theirs gets, one a call; several may come in one chunk. */
function inbox(socket: WsSocket): () => Promise<string | Uint8Array> {
  const messages = on(socket, 'message');
  return async () => {
    const [data, isBinary] = (await messages.next()).value as [Buffer, boolean];
    return isBinary ? new Uint8Array(data) : data.toString();
  };
}

const echo = async (ws: WebSocket) => {
  for await (const message of ws) await ws.send(message);
};

describe('our server, a client of ws', () => {
  test('every kind and length of message comes back as it was', async () => {
    const socket = await theirClient((await ours(echo)).url);
    const received = inbox(socket);
    for (const message of [...TEXTS, ...BINARIES]) {
      socket.send(message);
      expect(same(await received(), message)).toBe(true);
    }
  });

  test('messages sent all at once come back in order', async () => {
    const socket = await theirClient((await ours(echo)).url);
    const back: string[] = [];
    socket.on('message', (data: Buffer) => back.push(data.toString()));
    const sent = Array.from({ length: 500 }, (_, i) => `message ${i}`);
    for (const message of sent) socket.send(message);
    while (back.length < sent.length) await once(socket, 'message');
    expect(back).toEqual(sent);
  });

  test('its fragments make one message, and ours make one for it', async () => {
    const server = await ours(async (ws) => {
      const message = (await ws.receive()) as string;
      await ws.send(asynchronously([message, ' and ', 'back']));
      await ws.send([new Uint8Array([1]), new Uint8Array(0), new Uint8Array([2, 3])]);
      await ws.receive().catch(() => {});
    });
    const socket = await theirClient(server.url);
    const received = inbox(socket);
    socket.send('there', { fin: false });
    socket.send(' we', { fin: false });
    socket.send(' go', { fin: true });
    expect(await received()).toBe('there we go and back');
    expect(await received()).toEqual(new Uint8Array([1, 2, 3]));
  });

  test('pings go both ways', async () => {
    let roundTrip = NaN;
    const server = await ours(async (ws) => {
      roundTrip = await ws.ping('from us');
      await ws.receive();
    });
    const socket = await theirClient(server.url);
    socket.ping('from them');
    const [payload] = (await once(socket, 'pong')) as [Buffer];
    expect(payload.toString()).toBe('from them');
    while (Number.isNaN(roundTrip)) await new Promise(setImmediate);
    expect(roundTrip).toBeGreaterThanOrEqual(0);
  });

  test('it closes first', async () => {
    const closed = deferred<unknown>();
    const server = await ours(async (ws) => {
      void ws.closed.then(closed.resolve);
      for await (const _ of ws);
    });
    const socket = await theirClient(server.url);
    socket.close(4001, 'theirs');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'theirs']);
    expect(await closed.promise).toMatchObject({ code: 4001, reason: 'theirs', clean: true, first: 'received' });
  });

  test('we close first', async () => {
    const closed = deferred<unknown>();
    const server = await ours(async (ws) => closed.resolve(await ws.close(4002, 'ours')));
    const socket = new WsSocket(server.url);
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4002, 'ours']);
    expect(await closed.promise).toMatchObject({ code: 4002, clean: true, first: 'sent' });
  });

  test('it goes away without a word', async () => {
    const closed = deferred<unknown>();
    const server = await ours(async (ws) => closed.resolve(await ws.closed));
    const socket = await theirClient(server.url);
    socket.terminate();
    expect(await closed.promise).toMatchObject({ code: 1006, clean: false });
  });
});

describe('our client, a server of ws', () => {
  const echoing = () =>
    theirs((socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));

  test('every kind and length of message comes back as it was', async () => {
    await open(await echoing(), async (ws) => {
      for (const message of [...TEXTS, ...BINARIES]) {
        await ws.send(message);
        expect(same(await ws.receive(), message)).toBe(true);
      }
    });
  });

  test('a fragmented message arrives as one, and so does theirs', async () => {
    const url = await theirs((socket) =>
      socket.on('message', (data: Buffer) => {
        socket.send(data, { fin: false, binary: false });
        socket.send('!', { fin: true });
      }),
    );
    await open(url, async (ws) => {
      await ws.send(asynchronously(['one ', 'message, ', 'three fragments']));
      expect(await ws.receive()).toBe('one message, three fragments!');
    });
  });

  test('pings go both ways', async () => {
    const pong = deferred<string>();
    const url = await theirs((socket) => {
      socket.on('pong', (data) => pong.resolve(data.toString()));
      socket.ping('from them');
    });
    await open(url, async (ws) => {
      expect(await ws.ping('from us')).toBeGreaterThanOrEqual(0);
      expect(await pong.promise).toBe('from them');
    });
  });

  test('we close first', async () => {
    const closed = deferred<unknown[]>();
    const url = await theirs((socket) =>
      socket.on('close', (code, reason) => closed.resolve([code, reason.toString()])),
    );
    const ws = await open(url);
    expect(await ws.close(4003, 'ours')).toMatchObject({ code: 4003, clean: true, first: 'sent' });
    expect(await closed.promise).toEqual([4003, 'ours']);
  });

  test('it closes first, behind a message', async () => {
    const url = await theirs((socket) => {
      socket.send('last words');
      socket.close(1001, 'going');
    });
    const ws = await open(url);
    const messages: unknown[] = [];
    for await (const message of ws) messages.push(message);
    expect(messages).toEqual(['last words']);
    expect(await ws.closed).toMatchObject({ code: 1001, reason: 'going', clean: true, first: 'received' });
  });

  test('a subprotocol is agreed on', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'chat.v2' });
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const ws = await open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      subprotocols: ['chat.v1', 'chat.v2'],
    });
    expect(ws.protocol).toBe('chat.v2');
    await ws.close();
  });
});
