#!/usr/bin/env bash
# A client that offers the subprotocol 'chat', at a server whose 101 chooses none, as one that knows no subprotocols does: Node's own WebSocket
# (22.23.3 and 26.10.0), Bun 1.4.5, Deno 2.9.6 and ws 8.23.0.
# Expected: the opening fails everywhere, as it does in browsers (WHATWG WebSockets, "establish a WebSocket connection").
# Seen: so it is, but for Deno, which opens with '' in `protocol`: what was tried in it fails in a browser.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund node22@npm:node@22.23.3 node26@npm:node@26.10.0 bun@1.4.5 deno@2.9.6 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.cjs <<'JS'
const [library, url] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
const socket = new Client(url, 'chat');
socket.onopen = () => console.log(`open, protocol '${socket.protocol}'`);
socket.onerror = () => console.log('error');
setTimeout(() => process.exit(), 1500);
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');

const clients = {
  'Node 22': ['node_modules/node22/bin/node'],
  'Node 26': ['node_modules/node26/bin/node'],
  Bun: ['node_modules/.bin/bun'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock'],
  ws: ['node_modules/node26/bin/node'],
};

(async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => false });
  await once(server, 'listening');
  for (const [name, [command, ...before]] of Object.entries(clients)) {
    const library = name === 'ws' ? 'ws' : 'own';
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
Node 22: error
Node 26: error
Bun: error
Deno: open, protocol ''
ws: error
EXPECTED
echo 'Node 22.23.3 and 26.10.0, Bun 1.4.5, Deno 2.9.6, ws 8.23.0: as written down'
