#!/usr/bin/env bash
# @hapi/nes 14.0.1, the WebSockets of hapi (21.4.10), with a heartbeat: a client asks for a path that has no route, and never says hello;
# one says it, and the server stops.
# Expected: 404 for the path; a Close frame with a code for who says nothing, and 1001 when the server stops.
# Seen: every path opens, as '/' does. What never says hello, and what is connected when the server stops, is closed without a code:
# 1005, which clients take for a normal end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @hapi/hapi@21.4.10 @hapi/nes@14.0.1 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { setTimeout: wait } = require('node:timers/promises');
const Hapi = require('@hapi/hapi');
const Nes = require('@hapi/nes');
const WebSocket = require('ws');

(async () => {
  const server = Hapi.server({ port: 0, host: '127.0.0.1' });
  await server.register({ plugin: Nes, options: { heartbeat: { interval: 600, timeout: 300 } } });
  server.route({ method: 'GET', path: '/chat', config: { id: 'chat' }, handler: () => 'chat' });
  await server.start();
  const hello = JSON.stringify({ type: 'hello', id: 1, version: '2' });
  const seen = async (name, path, then = () => {}) => {
    const events = [];
    const socket = new WebSocket(`ws://127.0.0.1:${server.info.port}${path}`);
    socket.on('message', (text) => {
      const { type } = JSON.parse(text);
      if (type !== 'ping') events.push(type);
    });
    socket.on('error', ({ message }) => events.push(message));
    socket.on('close', (code) => events.push(`close ${code}`));
    await once(socket, 'open');
    events.push('open');
    await then(socket);
    await wait(1500);
    console.log(`${name}: ${events.join(', ')}`);
    socket.terminate();
  };
  await seen('a path without a route', '/nowhere');
  await seen('the server stops', '/', async (socket) => {
    socket.send(hello);
    await wait(300);
    await server.stop({ timeout: 1000 });
  });
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
a path without a route: open, close 1005
the server stops: open, hello, close 1005
EXPECTED
echo '@hapi/nes 14.0.1: as written down'
