/**
 * `npm run topics:compare`: ten nodes on one redis-server that is killed and started again with its data, and what each library's
 * subscribers have of what was published meanwhile. It prints the table of docs/guides/topics.md.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import nodeAdapter from 'crossws/adapters/node';
import { redis as redisSync } from 'crossws/sync';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { redisEngine } from '../../../../drivers/topics/redis/index.ts';
import { RealNode } from '../../../drivers/topics/real.ts';
import { type ServerProcess, startRedis } from '../../../drivers/topics/servers.ts';

const NODES = 10;
const MESSAGES = 600;
const EVERY = 5;
/** When the server is killed, and for how long, in milliseconds. */
const KILLED_AT = 1000;
const AWAY = 1000;

interface Node {
  /** Resolves when the library says that it is published. */
  publish(text: string): Promise<unknown>;
  readonly received: string[];
  /** How often somebody was told that something is missing. */
  told(): number;
  close(): Promise<unknown>;
}

const LIBRARIES: Record<string, (port: number, index: number) => Promise<Node>> = {
  sansocket: async (port) => {
    const client = createClient({ socket: { host: '127.0.0.1', port } });
    const node = await new RealNode(redisEngine(client, { prefix: 'compare' }), { heartbeat: 1000 }).start();
    const told = await node.subscribe('news');
    return {
      publish: (text) => node.hub.publish('news', text),
      received: told.messages,
      told: () => told.gaps.length,
      close: () => node.hub.close(),
    };
  },
  '@socket.io/redis-adapter': async (port) => {
    const http = createServer();
    const server = new Server(http);
    const pub = createClient({ socket: { host: '127.0.0.1', port } });
    const sub = pub.duplicate();
    for (const client of [pub, sub]) client.on('error', () => {});
    await Promise.all([pub.connect(), sub.connect()]);
    server.adapter(createAdapter(pub, sub));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = io(`http://127.0.0.1:${(http.address() as { port: number }).port}`, { transports: ['websocket'] });
    const received: string[] = [];
    client.on('news', (text: string) => void received.push(text));
    await new Promise<void>((resolve) => client.on('connect', resolve));
    return {
      // emit() says nothing of how it went.
      publish: async (text) => server.emit('news', text),
      received,
      told: () => 0,
      close: async () => {
        client.disconnect();
        pub.destroy();
        sub.destroy();
        await server.close();
      },
    };
  },
  crossws: async (port) => {
    const client = new Redis(port, '127.0.0.1');
    client.on('error', () => {});
    const adapter = nodeAdapter({
      hooks: { open: (peer) => peer.subscribe('news') },
      sync: redisSync({ client: client as never, channel: 'compare' }),
    });
    const http = createServer();
    http.on('upgrade', (request, socket, head) => void adapter.handleUpgrade(request, socket, head));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const received: string[] = [];
    const ws = new WebSocket(`ws://127.0.0.1:${(http.address() as { port: number }).port}`);
    ws.on('message', (data) => void received.push(String(data)));
    await new Promise((resolve) => ws.once('open', resolve));
    await pause(100);
    return {
      // publish() returns nothing.
      publish: async (text) => adapter.publish('news', text),
      received,
      told: () => 0,
      close: async () => {
        ws.terminate();
        client.disconnect();
        http.close();
      },
    };
  },
};

/** What would have ended the process. */
let unhandled = 0;
process.on('unhandledRejection', () => void unhandled++);

async function run(name: string): Promise<string> {
  unhandled = 0;
  const redis: ServerProcess = await startRedis();
  const nodes: Node[] = [];
  for (let i = 0; i < NODES; i++) nodes.push(await LIBRARIES[name]!(redis.port, i));
  const accepted: string[] = [];
  const publishing: Promise<void>[] = [];
  const restart = (async () => {
    await pause(KILLED_AT);
    await redis.kill();
    await pause(AWAY);
    await redis.start();
  })();
  for (let i = 0; i < MESSAGES; i++) {
    const text = String(i);
    publishing.push(
      nodes[i % NODES]!.publish(text).then(
        () => void accepted.push(text),
        () => {},
      ),
    );
    await pause(EVERY);
  }
  await restart;
  await pause(6000);
  // What is not settled by now has hung.
  await Promise.race([Promise.all(publishing), pause(1000)]);
  const missing = nodes.map(({ received }) => accepted.filter((text) => !received.includes(text)).length);
  const told = nodes.reduce((sum, node) => sum + node.told(), 0);
  const histories = new Set(nodes.map(({ received }) => received.join())).size;
  const doubles = nodes.reduce((sum, { received }) => sum + received.length - new Set(received).size, 0);
  for (const node of nodes) await node.close();
  await redis.close();
  const range = `${Math.min(...missing)} to ${Math.max(...missing)}`;
  return `| ${name} ${versionOf(name)} | ${accepted.length} of ${MESSAGES} | ${range} | ${told} | ${doubles} | ${histories} | ${unhandled} |`;
}

function versionOf(name: string): string {
  const path = name === 'sansocket' ? 'package.json' : `node_modules/${name}/package.json`;
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

console.log(
  '| | said to be published | of those, missing at a node | gaps told | doubles | different histories | unhandled rejections |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const name of Object.keys(LIBRARIES)) console.log(await run(name));
process.exit(0);
