#!/usr/bin/env bash
# express-ws 5.0.2 with express 5.3.0: a path without a route; a middleware that answers 401; a handler that throws.
# Expected: the responses that a request of these paths gets, 404 and 401, in place of a 101; 500 or Close 1011 for the
# last.
# Seen: the WebSocket opens before any of them is asked. For the first two a Close without a code follows, so that a
# client that waits longer after each failed attempt has had a success, and begins anew; for the last nothing follows,
# and it stays open.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund express@5.3.0 express-ws@5.0.2 ws@8.23.0
cat >run.cjs <<'JS'
const express = require('express');
const expressWs = require('express-ws');
const WebSocket = require('ws');

process.env.NODE_ENV = 'test'; // Express prints no errors.
const { app } = expressWs(express());
app.use('/members', (request, response) => response.status(401).end());
app.ws('/members/chat', () => {});
app.ws('/throws', () => {
  throw new Error('a fault of the application');
});

const open = (url) =>
  new Promise((resolve) => {
    const seen = [];
    const socket = new WebSocket(url);
    const waited = setTimeout(() => resolve([...seen, 'nothing more in 2 s'].join(', ')), 2_000);
    socket.on('open', () => seen.push('open'));
    socket.on('error', ({ message }) => seen.push(message));
    socket.on('close', (code) => {
      clearTimeout(waited);
      resolve([...seen, `close ${code}`].join(', '));
    });
  });

const server = app.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  for (const path of ['/nowhere', '/members/chat', '/throws']) {
    const { status } = await fetch(`http://127.0.0.1:${port}${path}`);
    console.log(`${path}: GET ${status}; WebSocket ${await open(`ws://127.0.0.1:${port}${path}`)}`);
  }
  process.exit();
});
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
/nowhere: GET 404; WebSocket open, close 1005
/members/chat: GET 401; WebSocket open, close 1005
/throws: GET 404; WebSocket open, nothing more in 2 s
EXPECTED
echo 'express-ws 5.0.2: as written down'
