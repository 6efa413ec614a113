#!/usr/bin/env bash
# @fastify/http-proxy 11.6.3: a server refuses an upgrade (401).
# Expected: the client gets the 401, as any HTTP request through the same proxy does.
# Seen: the client has its 101 before the server was asked. The refusal comes as Close 1011 'unexpected response', the
# status and the body are nowhere; and of the subprotocols 'a, b' the proxy has chosen the first by itself, and offers the
# server that one only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund fastify@5.12.8 @fastify/http-proxy@11.6.3 ws@8.23.0
cat >run.cjs <<'JS'
const http = require('node:http');
const WebSocket = require('ws');

const origin = http.createServer().on('upgrade', (request, socket) => {
  console.log(`the server is offered: ${request.headers['sec-websocket-protocol']}`);
  socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\n\r\nlog in');
});
origin.listen(0, '127.0.0.1', async () => {
  const front = require('fastify')();
  front.register(require('@fastify/http-proxy'), { upstream: `http://127.0.0.1:${origin.address().port}`, websocket: true });
  await front.listen({ port: 0, host: '127.0.0.1' });
  const client = new WebSocket(`ws://127.0.0.1:${front.server.address().port}/`, ['a', 'b']);
  client.on('open', () => console.log(`the client is open with: ${client.protocol}`));
  client.on('unexpected-response', (request, response) => console.log(`the client is refused: ${response.statusCode}`));
  client.on('error', (error) => console.log(`the client fails: ${error.message}`));
  client.on('close', (code, reason) => {
    console.log(`the client is told: ${code} ${reason}`);
    process.exit();
  });
});
JS
timeout 30 node run.cjs | sort | tee seen
diff - seen <<'EXPECTED'
the client is open with: a
the client is told: 1011 unexpected response
the server is offered: a
EXPECTED
echo '@fastify/http-proxy 11.6.3: as written down'
