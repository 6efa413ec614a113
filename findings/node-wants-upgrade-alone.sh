#!/usr/bin/env bash
# Node 22.23.3, 24.21.0 and 26.10.0 (their own WebSocket), ws 8.23.0 on Node 26, Bun 1.4.5 and Deno 2.9.6, at a 101 whose Connection says
# "Upgrade" with "keep-alive" beside it, as a server or a proxy may add it; in one field, or in two.
# Expected: RFC 6455 wants the token "Upgrade" among those of Connection, and RFC 9110 makes one list of two fields: they open.
# Seen: Node's own refuses all three, Deno those of one field: 'error' and no 'open'. ws and Bun open.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 22.23.3 24.21.0 26.10.0; do
  mkdir "$version"
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
done
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.cjs <<'JS'
const [library, ...urls] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
(async () => {
  for (const url of urls) {
    const socket = new Client(url);
    const seen = await new Promise((resolve) => {
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('error');
    });
    console.log(seen);
    if (seen === 'open') socket.close();
  }
  process.exit();
})();
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');

const node = (version) => [`${version}/node_modules/node/bin/node`];
const clients = {
  'Node 22': node('22.23.3'),
  'Node 24': node('24.21.0'),
  'Node 26': node('26.10.0'),
  'ws on Node 26': node('26.10.0'),
  Bun: ['node_modules/.bin/bun'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock'],
};
const fields = ['Upgrade', 'keep-alive, Upgrade', 'Upgrade, keep-alive', 'Upgrade\r\nConnection: keep-alive'];

(async () => {
  const server = http.createServer();
  server.on('upgrade', (request, socket) => {
    const connection = fields[Number(request.url.slice(1))];
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.on('error', () => {});
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: ${connection}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const urls = fields.map((_, at) => `ws://127.0.0.1:${server.address().port}/${at}`);
  for (const [name, [command, ...before]] of Object.entries(clients)) {
    const library = name.startsWith('ws') ? 'ws' : 'own';
    const child = spawn(command, [...before, 'client.cjs', library, ...urls], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 });
    let seen = '';
    child.stdout.on('data', (text) => (seen += text));
    await once(child, 'close');
    const words = seen.trim().split('\n');
    console.log(`${name}: ${fields.map((field, at) => `${JSON.stringify(field)} ${words[at]}`).join(', ')}`);
  }
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Node 22: "Upgrade" open, "keep-alive, Upgrade" error, "Upgrade, keep-alive" error, "Upgrade\r\nConnection: keep-alive" error
Node 24: "Upgrade" open, "keep-alive, Upgrade" error, "Upgrade, keep-alive" error, "Upgrade\r\nConnection: keep-alive" error
Node 26: "Upgrade" open, "keep-alive, Upgrade" error, "Upgrade, keep-alive" error, "Upgrade\r\nConnection: keep-alive" error
ws on Node 26: "Upgrade" open, "keep-alive, Upgrade" open, "Upgrade, keep-alive" open, "Upgrade\r\nConnection: keep-alive" open
Bun: "Upgrade" open, "keep-alive, Upgrade" open, "Upgrade, keep-alive" open, "Upgrade\r\nConnection: keep-alive" open
Deno: "Upgrade" open, "keep-alive, Upgrade" error, "Upgrade, keep-alive" error, "Upgrade\r\nConnection: keep-alive" open
EXPECTED
echo 'Node 22.23.3, 24.21.0 and 26.10.0, ws 8.23.0, Bun 1.4.5, Deno 2.9.6: as written down'
