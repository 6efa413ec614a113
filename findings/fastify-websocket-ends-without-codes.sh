#!/usr/bin/env bash
# @fastify/websocket 11.3.7 with fastify 5.12.8: a handler throws; the application is closed; a path has a route for GET
# alone; a hook sets a cookie.
# Expected: Close 1011; Close 1001; 404 or 426 in place of a 101; the cookie in the 101.
# Seen: TCP ends without a Close frame (1006), so that a fault looks like a lost connection; a Close without a code,
# which says nothing of a restart; the path opens, and closes at once; the 101 has none of the fields that were set.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund fastify@5.12.8 @fastify/websocket@11.3.7 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import websocket from '@fastify/websocket';
import fastify from 'fastify';
import WebSocket from 'ws';

const app = fastify();
await app.register(websocket);
app.addHook('onRequest', async (request, reply) => {
  reply.header('set-cookie', 'session=1');
});
app.get('/page', async () => 'hello');
app.get('/chat', { websocket: true }, () => {});
app.get('/throws', { websocket: true }, () => {
  throw new Error('a fault of the application');
});
await app.listen({ host: '127.0.0.1', port: 0 });
const host = `127.0.0.1:${app.server.address().port}`;

/** Opens a WebSocket; resolves to what it sees, its end included, once this has been done while it was open. */
const open = async (path, whileOpen = () => {}) => {
  const socket = new WebSocket(`ws://${host}${path}`);
  const seen = [];
  socket.on('upgrade', ({ headers }) => seen.push(`Set-Cookie ${headers['set-cookie']}`));
  socket.on('open', () => {
    seen.push('open');
    setTimeout(whileOpen, 300);
  });
  const [code] = await once(socket, 'close');
  return [...seen, `close ${code}`].join(', ');
};

const { headers } = await fetch(`http://${host}/page`);
console.log(`GET /page: Set-Cookie ${headers.get('set-cookie')}`);
console.log(`/page, a route for GET: ${await open('/page')}`);
console.log(`/throws: ${await open('/throws')}`);
console.log(`/chat, app.close(): ${await open('/chat', () => app.close())}`);
process.exit();
JS
timeout 30 node run.mjs | tee seen
diff - seen <<'EXPECTED'
GET /page: Set-Cookie session=1
/page, a route for GET: Set-Cookie undefined, open, close 1005
/throws: Set-Cookie undefined, open, close 1006
/chat, app.close(): Set-Cookie undefined, open, close 1005
EXPECTED
echo '@fastify/websocket 11.3.7: as written down'
