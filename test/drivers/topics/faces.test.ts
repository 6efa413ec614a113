/** Sockets of every face over loopback: that of `ws` by two names, the event face, and the promise API. */
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer as RealServer, type WebSocket as RealWebSocket } from 'ws';
import { listen, open, type WebSocket } from '../../../drivers/index.ts';
import { serve } from '../../../drivers/node/index.ts';
import {
  createTopics,
  memoryEngine,
  type Subscriber,
  type Topics,
  type TopicsOptions,
} from '../../../drivers/topics/index.ts';
import { WebSocketServer } from '../../../drivers/ws/index.ts';
import { until } from './real.ts';

interface Face {
  /** Serves on loopback, with each connection given to `arrived`. */
  serve(arrived: (ws: Subscriber) => void): Promise<{ port: number; close(): void }>;
}

const FACES: Readonly<Record<string, Face>> = {
  'the ws package': { serve: (arrived) => serveWs(RealServer, arrived) },
  'sansocket/ws': { serve: (arrived) => serveWs(WebSocketServer as unknown as typeof RealServer, arrived) },
  'the event face': {
    serve: async (arrived) => {
      const server = await serve({ host: '127.0.0.1', port: 0 }, { open: (socket) => arrived(socket) });
      return { port: server.port, close: () => server.stopListening() };
    },
  },
  'the promise API': {
    serve: async (arrived) => {
      const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
        arrived(ws);
        await ws.closed;
      });
      return { port: Number(new URL(server.url).port), close: () => void server.close() };
    },
  },
};

async function serveWs(
  Server: typeof RealServer,
  arrived: (ws: Subscriber) => void,
): Promise<{ port: number; close(): void }> {
  const server = new Server({ host: '127.0.0.1', port: 0 });
  server.on('connection', (ws: RealWebSocket) => arrived(ws));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    for (const ws of server.clients) ws.terminate();
    server.close();
  };
  return { port, close };
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function connected(
  face: Face,
  options: TopicsOptions = {},
): Promise<{ hub: Topics; ws: Subscriber; client: WebSocket }> {
  const hub = createTopics({ engine: memoryEngine({ history: 20_000 }), ...options });
  await hub.start();
  let arrive!: (ws: Subscriber) => void;
  const arriving = new Promise<Subscriber>((resolve) => (arrive = resolve));
  const { port, close } = await face.serve(arrive);
  const client = await open(`ws://127.0.0.1:${port}`);
  ends.push(close, () => client.terminate(), () => hub.close()); // prettier-ignore
  return { hub, ws: await arriving, client };
}

describe.each(Object.entries(FACES))('%s', (_name, face) => {
  test('is sent strings as TEXT and bytes as BINARY, in order, and leaves with its end', async () => {
    const { hub, ws, client } = await connected(face);
    await hub.subscribe(ws, 'news');
    expect((await hub.publish('news', 'grüße')).delivered).toBe(1);
    await hub.publish('news', new Uint8Array([1, 2]), { compress: false });
    expect([await client.receive(), await client.receive()]).toEqual(['grüße', new Uint8Array([1, 2])]);
    client.terminate();
    await until('it has left', () => hub.topics().length === 0);
    expect(await hub.subscribe(ws, 'news').catch(({ kind }) => kind)).toBe('gone');
  });

  test('that reads nothing for a while holds little, and catches up without a hole', async () => {
    const { hub, ws, client } = await connected(face);
    await hub.subscribe(ws, 'news');
    const texts = Array.from({ length: 3000 }, (_, i) => String(i).padEnd(8000));
    let most = 0;
    for (const text of texts) {
      await hub.publish('news', text);
      most = Math.max(most, (ws as unknown as { bufferedAmount: number }).bufferedAmount);
    }
    expect(most).toBeLessThan(512 * 1024);
    for (const text of texts) expect(await client.receive()).toBe(text);
    expect(hub.metrics.caughtUp).toBeGreaterThan(0);
    expect(hub.metrics.gaps).toEqual({});
  });

  test('is told of a message whose bytes are gone when it is to be sent, live and from history, and of all that follow', async () => {
    const told: string[] = [];
    const { hub, ws, client } = await connected(face, {
      onGap: (_ws, topic, { reason }) => void told.push(`${topic} ${reason}`),
      onError: (error) => void told.push((error as Error).name),
    });
    await hub.subscribe(ws, 'news');
    const bytes = new Uint8Array(10_000);
    const publishing = hub.publish('news', bytes);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    await publishing;
    expect(told).toEqual(['TypeError', 'news frame']);
    const { position } = await hub.publish('news', 'next');
    expect(await client.receive()).toBe('next');
    const later = new Uint8Array(10_000);
    await hub.publish('news', later);
    expect(await client.receive()).toHaveLength(10_000);
    structuredClone(later, { transfer: [later.buffer] });
    await hub.publish('news', 'last');
    expect(await client.receive()).toBe('last');
    hub.unsubscribe(ws, 'news');
    await hub.subscribe(ws, 'news', { since: position });
    expect(await client.receive()).toBe('last');
    expect(told).toEqual(['TypeError', 'news frame', 'TypeError', 'news frame']);
  });
});

test('a socket of ws whose send throws misses that one message, is told, and keeps nobody else from it', async () => {
  const told: unknown[] = [];
  const options: TopicsOptions = {
    onGap: (ws, _topic, { reason }) => void told.push([ws, reason]),
    onError: (error) => void told.push((error as Error).message),
  };
  const { hub, ws, client } = await connected(FACES['the ws package']!, options);
  const broken = Object.assign(new EventEmitter(), {
    readyState: 1,
    bufferedAmount: 0,
    terminate() {},
    send(data: unknown) {
      if (data === 'one') throw new Error('not now');
      told.push(data);
    },
  }) as unknown as Subscriber;
  await hub.subscribe(broken, 'news');
  await hub.subscribe(ws, 'news');
  for (const text of ['one', 'two']) await hub.publish('news', text);
  expect([await client.receive(), await client.receive()]).toEqual(['one', 'two']);
  expect(told).toEqual(['not now', [broken, 'frame'], 'two']);
});

test('a socket of ws that is too slow, and whose terminate throws, keeps nobody else from anything', async () => {
  const errors: unknown[] = [];
  const { hub, ws, client } = await connected(FACES['the ws package']!, {
    onError: (error) => void errors.push((error as Error).message),
  });
  const slow = Object.assign(new EventEmitter(), {
    readyState: 1,
    bufferedAmount: 1e9,
    send() {},
    terminate() {
      throw new Error('it stays');
    },
  }) as unknown as Subscriber;
  await hub.subscribe(slow, 'news', { slow: 'terminate' });
  await hub.subscribe(ws, 'news');
  for (const text of ['one', 'two']) await hub.publish('news', text);
  expect([await client.receive(), await client.receive()]).toEqual(['one', 'two']);
  expect(errors).toEqual(['it stays']);
});

test('what happens is published on node:diagnostics_channel', async () => {
  const seen: [string, object][] = [];
  for (const name of ['publish', 'gap', 'engine']) {
    const listener = (message: unknown): void => void seen.push([name, message as object]);
    subscribe(`sansocket:topics:${name}`, listener);
    ends.push(() => unsubscribe(`sansocket:topics:${name}`, listener));
  }
  const { hub, ws } = await connected(FACES['the event face']!);
  await hub.publish('news', 'x');
  await expect(hub.publish('news', 'x', { timeout: 0 })).rejects.toThrow(RangeError);
  await hub.subscribe(ws, 'news', { since: 'e-1-s' });
  await until('it is told', () => seen.length === 3);
  expect(seen).toEqual([
    ['engine', { isUp: true, reason: undefined }],
    ['publish', { topic: 'news', error: undefined }],
    ['gap', { ws, topic: 'news', gap: expect.objectContaining({ reason: 'forgotten' }) }],
  ]);
});
