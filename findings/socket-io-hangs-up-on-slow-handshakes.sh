#!/usr/bin/env bash
# Socket.IO 4.8.4 on a node:http server that has another WebSocket at a path of its own (ws 8.23.0), which takes a second and a half over a
# handshake, as one does that asks a database who it is.
# Expected: Socket.IO leaves the upgrades of other paths alone.
# Seen: it ends TCP on every one that has not been answered within a second: the client sees the connection end without a response, the
# other server is told nothing, and where it answers sooner all is well. `destroyUpgrade: false` of Socket.IO keeps it from doing so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund socket.io@4.8.4 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const http = require('node:http');
const { setTimeout: wait } = require('node:timers/promises');
const { Server } = require('socket.io');
const { WebSocket, WebSocketServer } = require('ws');

const seen = async (name, options, delay) => {
  const server = http.createServer();
  if (options) new Server(server, options);
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', async (request, socket, head) => {
    if (request.url !== '/chat') return;
    await wait(delay);
    sockets.handleUpgrade(request, socket, head, () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/chat`);
  const end = await new Promise((resolve) => socket.on('open', () => resolve('open')).on('error', ({ message }) => resolve(message)));
  console.log(`${name}: ${end}`);
};

(async () => {
  await seen('without Socket.IO, after 1.5 s', undefined, 1500);
  await seen('with it, at once', {}, 0);
  await seen('with it, after 1.5 s', {}, 1500);
  await seen('with destroyUpgrade: false, after 1.5 s', { destroyUpgrade: false }, 1500);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
without Socket.IO, after 1.5 s: open
with it, at once: open
with it, after 1.5 s: socket hang up
with destroyUpgrade: false, after 1.5 s: open
EXPECTED
echo 'Socket.IO 4.8.4: as written down'
