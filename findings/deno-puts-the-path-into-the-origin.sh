#!/usr/bin/env bash
# Node 26.10.0 (its own WebSocket), ws 8.23.0 on it, Bun 1.4.5 and Deno 2.9.6: what `origin` of a message's event says, and what a handler
# of 'message' that lets in one origin alone, as it is advised for postMessage(), does with it.
# Expected: the origin of the URL, as the standard has it: scheme, host and port.
# Seen: so it is in Node and Bun; Deno's has the path and the query behind it, and ws has none at all: such a handler drops every message
# there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund node@26.10.0 bun@1.4.5 deno@2.9.6 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.cjs <<'JS'
const [library, base] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
const socket = new Client(`${base}/chat?room=1`);
socket.onmessage = ({ origin }) => {
  console.log(`${String(origin).replace(base, 'ws://HOST')}, ${origin === new URL(socket.url).origin ? 'let in' : 'dropped'}`);
  process.exit();
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');

const node = ['node_modules/node/bin/node'];
const clients = {
  'Node 26': node,
  'ws on Node 26': node,
  Bun: ['node_modules/.bin/bun'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock'],
};

(async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.send('text'));
  for (const [name, [command, ...before]] of Object.entries(clients)) {
    const library = name.startsWith('ws') ? 'ws' : 'own';
    const url = `ws://127.0.0.1:${server.address().port}`;
    const child = spawn(command, [...before, 'client.cjs', library, url], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 });
    let seen = '';
    child.stdout.on('data', (text) => (seen += text));
    await once(child, 'close');
    console.log(`${name}: ${seen.trim()}`);
  }
  process.exit();
})();
JS
timeout 90 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Node 26: ws://HOST, let in
ws on Node 26: undefined, dropped
Bun: ws://HOST, let in
Deno: ws://HOST/chat?room=1, dropped
EXPECTED
echo 'Node 26.10.0, ws 8.23.0, Bun 1.4.5, Deno 2.9.6: as written down'
