#!/usr/bin/env bash
# @hono/node-ws 1.3.1 with hono 4.13.19: a middleware sets a cookie for every response, an upgrade among them; a client
# closes with 4001.
# Expected: the cookie is in the 101, as it is in every other response; onClose says that the end was clean.
# Seen: the 101 has none of the fields that the application set, and nothing says so: a session that begins with a
# WebSocket has no cookie. `wasClean` is false for every end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund hono@4.13.19 @hono/node-server@1.19.19 @hono/node-ws@1.3.1 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { createNodeWebSocket } from '@hono/node-ws';
import { Hono } from 'hono';
import { WebSocket } from 'ws';

const app = new Hono();
const { injectWebSocket, upgradeWebSocket } = createNodeWebSocket({ app });
app.use(async (context, next) => {
  context.header('Set-Cookie', 'session=1');
  await next();
});
app.get('/page', (context) => context.text('hello'));
let onClose;
const closed = new Promise((resolve) => (onClose = resolve));
app.get('/chat', upgradeWebSocket(() => ({ onClose })));
const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
await once(server, 'listening');
injectWebSocket(server);
const host = `127.0.0.1:${server.address().port}`;
const { headers } = await fetch(`http://${host}/page`);
console.log(`GET: Set-Cookie ${headers.get('set-cookie')}`);
const socket = new WebSocket(`ws://${host}/chat`);
socket.on('upgrade', (response) => console.log(`WebSocket: Set-Cookie ${response.headers['set-cookie']}`));
await once(socket, 'open');
socket.close(4001, 'why');
const { code, reason, wasClean } = await closed;
console.log(`onClose: ${code} ${reason}, wasClean ${wasClean}`);
process.exit();
JS
timeout 30 node run.mjs | tee seen
diff - seen <<'EXPECTED'
GET: Set-Cookie session=1
WebSocket: Set-Cookie undefined
onClose: 4001 why, wasClean false
EXPECTED
echo '@hono/node-ws 1.3.1: as written down'
