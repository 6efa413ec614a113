/**
 * Two copies of the package in one process, as two of its dependents may bring them, or a bundle beside what is installed: what is
 * built here, and its sources. What can work between them does, and what can't says why.
 */
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { broadcast as broadcastWebSockets, listen, open, type WebSocket } from '../../drivers/index.ts';
import { broadcast, serve, type NodeListener } from '../../drivers/node/index.ts';
import { createTopics } from '../../drivers/topics/index.ts';
import { freshBuild } from '../support/source.ts';

const dist = freshBuild();
const LOCAL = { host: '127.0.0.1', port: 0 };

async function other<T>(name: string): Promise<T> {
  return (await import(/* @vite-ignore */ `${pathToFileURL(dist).href}/${name}.js`)) as T;
}

describe.each([
  ['ours first', false],
  ['the other one’s first', true],
])('sockets of the event face of both, %s', (_, isReversed) => {
  let servers: NodeListener[];
  let clients: WebSocket[];

  beforeEach(async () => {
    const built = await other<{ serve: typeof serve }>('node');
    servers = [await serve(LOCAL, {}), await built.serve(LOCAL, {})];
    if (isReversed) servers.reverse();
    clients = await Promise.all(servers.map(({ url }) => open(url)));
    await Promise.all(clients.map((ws) => ws.ping())); // they are there
  });
  afterEach(() => Promise.all(servers.map((server) => server.close())));

  test('are sent what is sent to many', async () => {
    const sockets = servers.flatMap(({ connections }) => [...connections]);
    expect(await broadcast(sockets, 'hello')).toBe(2);
    expect(await Promise.all(clients.map((ws) => ws.receive()))).toEqual(['hello', 'hello']);
  });

  test('are given what is published', async () => {
    const hub = createTopics();
    await hub.start();
    for (const { connections } of servers) for (const socket of connections) await hub.subscribe(socket, 'news');
    await hub.publish('news', 'one');
    await hub.publish('news', 'two');
    for (const ws of clients) expect([await ws.receive(), await ws.receive()]).toEqual(['one', 'two']);
    await hub.close();
  });
});

test('a WebSocket of the other one is refused, saying so', async () => {
  const built = await other<{ open: typeof open }>('index');
  const server = await listen(LOCAL, async (ws) => void (await ws.closed));
  const ws = await built.open(server.url);
  const hub = createTopics();
  await hub.start();
  await expect(hub.subscribe(ws, 'news')).rejects.toThrow(/second copy of sansocket/);
  await expect(broadcastWebSockets([ws], 'hello')).rejects.toThrow(/second copy of sansocket/);
  await hub.close();
  await server.close();
});
