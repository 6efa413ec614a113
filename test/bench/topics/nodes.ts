/** Nodes of the latency rows. As a program, `nodes.ts LIBRARY REDIS_PORT`, it is the one with the clients, and sends its port. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { serve } from '../../../drivers/node/index.ts';
import { createTopics } from '../../../drivers/topics/index.ts';
import { redisEngine } from '../../../drivers/topics/redis/index.ts';

/** A node that has a port, whose clients are told 'joined' when they are subscribed, and that publishes to those of all nodes. */
export interface PublishingNode {
  readonly port: number;
  publish(text: string): void;
}

export const NODES = { sansocket, 'socket.io': socketIo };

async function sansocket(redis: number): Promise<PublishingNode> {
  const client = createClient({ socket: { host: '127.0.0.1', port: redis } });
  const hub = createTopics({ engine: redisEngine(client, { prefix: 'bench' }) });
  await hub.start();
  const server = await serve(
    { host: '127.0.0.1', port: 0 },
    { open: (socket) => void hub.subscribe(socket, 'news').then(() => socket.send('joined')) },
  );
  return { port: server.port, publish: (text) => void hub.publish('news', text) };
}

async function socketIo(redis: number): Promise<PublishingNode> {
  const http = createServer();
  const server = new Server(http);
  const pub = createClient({ socket: { host: '127.0.0.1', port: redis } });
  const sub = pub.duplicate();
  for (const client of [pub, sub]) {
    client.on('error', () => {});
    await client.connect();
  }
  server.adapter(createAdapter(pub, sub));
  server.on('connection', (socket) => {
    void socket.join('news');
    socket.emit('joined');
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return { port, publish: (text) => void server.to('news').emit('news', text) };
}

const [, file, library, redis] = process.argv;
if (process.send !== undefined && file?.endsWith('nodes.ts') === true) {
  const { port } = await NODES[library as keyof typeof NODES](Number(redis));
  process.once('disconnect', () => process.exit());
  process.send(port);
}
