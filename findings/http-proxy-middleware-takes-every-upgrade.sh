#!/usr/bin/env bash
# http-proxy-middleware 4.2.2 with `ws: true`, mounted at /api of an Express 5.2.1 application: a client opens WebSockets at /api/chat and
# /other, before and after a page has asked for /api/page.
# Expected: /api/chat opens, and arrives as /chat, as /api/page arrives as /page; /other is refused.
# Seen: /api/chat is never answered, and stays CONNECTING, until an ordinary request has gone through the middleware: only then it listens to
# upgrades. From then on it takes those of every path, /other too, which the application refused before; and the server behind gets them
# with the /api that it takes off requests.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund http-proxy-middleware@4.2.2 express@5.2.1 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const http = require('node:http');
const { createProxyMiddleware } = require('http-proxy-middleware');
const express = require('express');
const { WebSocket, WebSocketServer } = require('ws');

(async () => {
  const behind = http.createServer((request, response) => response.end(`the server gets ${request.url}`));
  new WebSocketServer({ server: behind }).on('connection', (socket, request) => socket.send(`the server gets ${request.url}`));
  await once(behind.listen(0, '127.0.0.1'), 'listening');
  const application = express();
  application.use('/api', createProxyMiddleware({ target: `http://127.0.0.1:${behind.address().port}`, ws: true }));
  const server = application.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const seen = async (name, path) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    const end = await new Promise((resolve) => {
      socket.on('message', resolve).on('error', ({ message }) => resolve(message));
      setTimeout(() => resolve(`nothing within 2 s, readyState ${socket.readyState}`), 2000);
    });
    console.log(`${name}: ${end}`);
  };
  await seen('/api/chat', '/api/chat');
  await seen('/api/chat again', '/api/chat');
  await seen('/other', '/other');
  console.log(`/api/page: ${await (await fetch(`http://127.0.0.1:${port}/api/page`)).text()}`);
  await seen('/api/chat then', '/api/chat');
  await seen('/other then', '/other');
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
/api/chat: nothing within 2 s, readyState 0
/api/chat again: nothing within 2 s, readyState 0
/other: Unexpected server response: 404
/api/page: the server gets /page
/api/chat then: the server gets /api/chat
/other then: the server gets /other
EXPECTED
echo 'http-proxy-middleware 4.2.2: as written down'
