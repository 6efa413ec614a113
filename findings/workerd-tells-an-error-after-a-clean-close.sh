#!/usr/bin/env bash
# workerd 1.20261117.1 (Cloudflare's runtime, run by itself), compatibility date 2026-11-01: a Worker echoes behind accept(); the `ws`
# package connects, and closes with 1000: at once, and after a text that has been echoed.
# Expected: a 'close' event, clean, for both; no 'error', as nothing went wrong.
# Seen: where there was a message before, an 'error' event follows the clean 'close': "Network connection lost". Code that counts or
# logs errors, or cleans up in both, sees one in each connection that was used.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund workerd@1.20261117.1 ws@8.23.0
cat >worker.js <<'JS'
export default {
  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.addEventListener('message', ({ data }) => server.send(data));
    server.addEventListener('close', ({ code, wasClean }) => console.log(`close ${code}, clean ${wasClean}`));
    server.addEventListener('error', ({ message }) => console.log(`error ${message}`));
    return new Response(null, { status: 101, webSocket: client });
  },
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const net = require('node:net');
const { WebSocket } = require('ws');

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Resolves to a WebSocket that is open, as soon as the server is up. */
const open = async (port) => {
  for (;;) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    const isOpen = await new Promise((resolve) => socket.on('open', () => resolve(true)).on('error', () => resolve(false)));
    if (isOpen) return socket;
    await later(200);
  }
};

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
      compatibilityDate = "2026-11-01" );`,
  );
  const workerd = spawn(process.argv[2], ['serve', 'config.capnp'], { stdio: ['ignore', 'pipe', 'ignore'] });
  process.on('exit', () => workerd.kill());
  let said = [];
  workerd.stdout.on('data', (bytes) => said.push(...String(bytes).trim().split('\n')));
  for (const [name, texts] of [['no message', 0], ['one echo', 1]]) {
    const socket = await open(port);
    said = [];
    for (let count = 0; count < texts; count++) {
      socket.send('Hello');
      await once(socket, 'message');
      await later(200);
    }
    socket.close(1000);
    const [code] = await once(socket, 'close');
    await later(1000);
    console.log(`${name}: the client is told ${code}; the Worker: ${said.join('; ')}`);
  }
  process.exit();
})();
JS
binary=$(node -p "require('workerd').default")
timeout 60 node run.cjs "$binary" | tee seen
diff - seen <<'EXPECTED'
no message: the client is told 1000; the Worker: close 1000, clean true
one echo: the client is told 1000; the Worker: close 1000, clean true; error Uncaught Error: Network connection lost.
EXPECTED
echo 'workerd 1.20261117.1: as written down'
