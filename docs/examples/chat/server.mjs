// One process of the chat: node server.mjs PORT REDIS_PORT. Start three, and HAProxy in front: see README.md.
import { readFileSync } from 'node:fs';
import { createClient } from 'redis';
import { listen } from 'sansocket';
import { clientProtocol, createTopics, serveClient } from 'sansocket/topics';
import { redisEngine } from 'sansocket/topics/redis';

const [port, redisPort] = process.argv.slice(2).map(Number);
const client = createClient({ socket: { host: '127.0.0.1', port: redisPort } });

const hub = createTopics({
  engine: redisEngine(client, { prefix: 'chat' }),
  // Rooms are open to all here; anything but true denies.
  authorize: (_ws, topic) => topic.startsWith('room/'),
  // What topicsClient in the page speaks.
  ...clientProtocol,
});
await hub.start();

const page = readFileSync(new URL('page.html', import.meta.url), 'utf8');
const html = { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: page };

const server = await listen(
  { host: '127.0.0.1', port, maxMessageSize: 16_384, onRequest: ({ path }) => (path === '/' ? html : { status: 404 }) },
  (ws) => serveClient(hub, ws),
);
console.log(`chat on ${server.url}`);

process.once('SIGTERM', async () => {
  await server.close({ timeout: 1000 });
  await hub.close();
});
