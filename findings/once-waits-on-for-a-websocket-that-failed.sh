#!/usr/bin/env bash
# `await once(socket, 'open')`, by once() of node:events, where nobody listens: with ws 8.23.0, and with the own WebSocket of Node 26.10.0,
# Bun 1.4.5 and Deno 2.9.6.
# Expected: it rejects, as once() does at an 'error' while it waits for something else.
# Seen: so it does with ws, which is an EventEmitter. At an EventTarget once() takes no notice of 'error', and 'close' it was not asked
# for: the promise never settles. A module that awaits it ends with exit code 13 in Node, and with 1 in Deno; Bun goes on, with nothing to
# do. Who goes from ws to the own WebSocket has this line type-check, and work, until a server is down.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6 node@26.10.0 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.mjs <<'JS'
import { once } from 'node:events';
import process from 'node:process';
import { WebSocket as OfWs } from 'ws';

const [library, url] = process.argv.slice(2);
const socket = new (library === 'ws' ? OfWs : WebSocket)(url);
socket.addEventListener('close', () => console.log("'close'"));
try {
  await once(socket, 'open');
  console.log('open');
} catch ({ code }) {
  console.log(`once() rejects, ${code}`);
}
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');

const node = ['node_modules/node/bin/node', 'client.mjs'];
const clients = {
  'ws on Node 26': [...node, 'ws'],
  'Node 26': [...node, 'global'],
  Bun: ['node_modules/.bin/bun', 'client.mjs', 'global'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock', 'client.mjs', 'global'],
};
const server = net.createServer().listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  for (const [name, [command, ...args]] of Object.entries(clients)) {
    const client = spawn(command, [...args, `ws://127.0.0.1:${port}/`], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 });
    let output = '';
    client.stdout.on('data', (bytes) => (output += bytes));
    const [code] = await once(client, 'close');
    console.log(`${name}: ${output.trim().split('\n').sort().join(', ')}; ${code === null ? 'goes on for 10 s' : `exit code ${code}`}`);
  }
});
JS
timeout 100 node run.cjs | tee seen
diff - seen <<'EXPECTED'
ws on Node 26: 'close', once() rejects, ECONNREFUSED; exit code 0
Node 26: 'close'; exit code 13
Bun: 'close'; goes on for 10 s
Deno: 'close'; exit code 1
EXPECTED
echo 'Node 26.10.0, Bun 1.4.5, Deno 2.9.6: as written down'
