#!/usr/bin/env bash
# @hono/node-server 2.1.9, its own upgradeWebSocket() over ws 8.23.0: a handler throws; a route refuses the WebSocket.
# Expected: onError and Close 1011, as the handler's promise of an answer has failed; the refusal arrives as it was written.
# Seen: the error is printed and no more: onError isn't called, and the connection goes on, open and silent, for the first message
# and every one after it. A refusal has its status and its fields, and no body: the JSON that says why is lost.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @hono/node-server@2.1.9 hono@4.13.19 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { serve, upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { WebSocket, WebSocketServer } from 'ws';

console.error = () => {};
let errors = 0;
const fail = () => {
  throw new Error('why');
};
const app = new Hono();
app.get('/throws', upgradeWebSocket(() => ({ onMessage: fail, onError: () => (errors += 1) })));
app.get('/throws/open', upgradeWebSocket(() => ({ onOpen: fail, onError: () => (errors += 1) })));
app.get('/refuses', (context) => context.json({ why: 'no token' }, 401));
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', websocket: { server: new WebSocketServer({ noServer: true }) } });
await once(server, 'listening');
const url = `ws://127.0.0.1:${server.address().port}`;

for (const path of ['/throws', '/throws/open']) {
  const socket = new WebSocket(url + path);
  await once(socket, 'open');
  socket.send('one');
  socket.send('two');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  console.log(`${path}: readyState ${socket.readyState}, ${errors} calls of onError`);
  socket.terminate();
}
const refused = new WebSocket(`${url}/refuses`);
const [, response] = await once(refused, 'unexpected-response');
let body = '';
for await (const chunk of response) body += chunk;
console.log(`/refuses: ${response.statusCode}, ${response.headers['content-type']}, body '${body}'`);
process.exit();
JS
timeout 60 node run.mjs | tee seen
diff - seen <<'EXPECTED'
/throws: readyState 1, 0 calls of onError
/throws/open: readyState 1, 0 calls of onError
/refuses: 401, application/json, body ''
EXPECTED
echo '@hono/node-server 2.1.9: as written down'
