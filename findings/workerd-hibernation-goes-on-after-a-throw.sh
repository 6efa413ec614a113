#!/usr/bin/env bash
# workerd 1.20261117.1 (Cloudflare's runtime, run by itself), compatibility date 2026-11-01: a Worker takes a WebSocket by accept(), and
# a Durable Object by acceptWebSocket(), "hibernation". The handler throws at a message; a client closes with 4001.
# Expected: both do the same: 1011 when the handler throws, and 4001 comes back.
# Seen: behind accept() a throw ends TCP without a Close frame. Behind acceptWebSocket() it ends nothing: the client has no answer,
# the next messages have, and webSocketError() is not called. 4001 comes back behind accept() alone; with acceptWebSocket() the
# closing handshake is left to webSocketClose(), and a client waits in vain unless that calls close().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund workerd@1.20261117.1
cat >worker.js <<'JS'
import { DurableObject } from 'cloudflare:workers';

function answer(socket, text) {
  if (text === 'throw') throw new Error('why');
  socket.send(text);
}

export class Room extends DurableObject {
  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket, text) {
    answer(socket, text);
  }
  webSocketClose(socket, code) {
    console.log(`webSocketClose ${code}`);
  }
  webSocketError() {
    console.log('webSocketError');
  }
}

export default {
  fetch(request, { ROOMS }) {
    if (new URL(request.url).pathname === '/room') return ROOMS.get(ROOMS.idFromName('room')).fetch(request);
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.addEventListener('message', ({ data }) => answer(server, data));
    return new Response(null, { status: 101, webSocket: client });
  },
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const net = require('node:net');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** Opens a WebSocket, and sends these frames, one after the other; resolves to what came within two seconds. */
const exchange = (port, path, ...frames) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = '';
    socket.on('error', ({ code }) => code === 'ECONNREFUSED' && setTimeout(() => resolve(exchange(port, path, ...frames)), 200));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      frames.forEach((each, index) => setTimeout(() => socket.write(each), index * 300));
      setTimeout(() => {
        const seen = [];
        let rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
        while (rest.length >= 2) {
          const payload = rest.subarray(2, 2 + rest[1]);
          seen.push(rest[0] === 0x88 ? `Close ${payload.length && payload.readUInt16BE(0)}` : `'${payload}'`);
          rest = rest.subarray(2 + rest[1]);
        }
        resolve([...seen, end].filter(Boolean).join(', ') || 'nothing');
        socket.destroy();
      }, 2000);
    });
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  writeFileSync(
    'config.capnp',
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [ (name = "main", worker = .main) ],
      sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ] );
    const main :Workerd.Worker = (
      modules = [ (name = "worker.js", esModule = embed "worker.js") ],
      compatibilityDate = "2026-11-01",
      durableObjectNamespaces = [ (className = "Room", uniqueKey = "room") ],
      durableObjectStorage = (inMemory = void),
      bindings = [ (name = "ROOMS", durableObjectNamespace = "Room") ] );`,
  );
  const workerd = spawn(process.argv[2], ['serve', 'config.capnp'], { stdio: ['ignore', 'pipe', 'ignore'] });
  process.on('exit', () => workerd.kill());
  let said = '';
  workerd.stdout.on('data', (bytes) => (said += bytes));
  const close = Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from('why')]);
  for (const [name, path] of [['accept()', '/'], ['acceptWebSocket()', '/room']]) {
    console.log(`${name}, a throw, and a message: ${await exchange(port, path, frame(0x81, 'throw'), frame(0x81, 'next'))}`);
    said = '';
    console.log(`${name}, Close 4001: ${await exchange(port, path, frame(0x81, 'one'), frame(0x88, close))}`);
  }
  console.log(`the Durable Object is told: ${said.match(/webSocket.*4001/)}; of an error: ${said.includes('webSocketError')}`);
  process.exit();
})();
JS
binary=$(node -p "require('workerd').default")
timeout 60 node run.cjs "$binary" | tee seen
diff - seen <<'EXPECTED'
accept(), a throw, and a message: TCP ends
accept(), Close 4001: 'one', Close 4001, TCP ends
acceptWebSocket(), a throw, and a message: 'next'
acceptWebSocket(), Close 4001: 'one'
the Durable Object is told: webSocketClose 4001; of an error: false
EXPECTED
echo 'workerd 1.20261117.1: as written down'
