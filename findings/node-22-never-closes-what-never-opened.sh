#!/usr/bin/env bash
# Node's own WebSocket, in Node 22.23.3 and 24.21.0: nobody listens at the URL; a server answers 403, and 302; one accepts.
# Expected: 'error' and 'close' with code 1006 for each that does not open, and readyState 3 (CLOSED).
# Seen: so it is in Node 24. In Node 22 'error' is all that comes: there is no 'close', ever, and readyState stays 0 (CONNECTING). Code
# that connects again in `onclose`, as most does, never tries again when the first attempt fails.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 22.23.3 24.21.0; do
  mkdir "$version"
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
done
cat >run.cjs <<'JS'
const { createHash } = require('node:crypto');
const http = require('node:http');

const server = http.createServer();
server.on('upgrade', ({ url, headers }, socket) => {
  socket.on('error', () => {});
  if (url === '/403') return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  if (url === '/302') return socket.end('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  socket.end(Buffer.from([0x88, 2, 0x03, 0xe8]));
});
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const free = await new Promise((resolve) => {
    const other = http.createServer().listen(0, '127.0.0.1', () => {
      const { port } = other.address();
      other.close(() => resolve(port));
    });
  });
  const urls = { 'nobody listens': `ws://127.0.0.1:${free}/`, 403: `ws://127.0.0.1:${port}/403`, 302: `ws://127.0.0.1:${port}/302`, accepted: `ws://127.0.0.1:${port}/` };
  for (const name of ['nobody listens', 403, 302, 'accepted']) {
    const socket = new WebSocket(urls[name]);
    const events = [];
    for (const type of ['open', 'error', 'close']) socket.addEventListener(type, ({ code }) => events.push(code ? `${type} ${code}` : type));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    console.log(`Node ${process.versions.node}, ${name}: ${events.join(', ')}; readyState ${socket.readyState}`);
  }
  process.exit();
});
JS
for version in 22.23.3 24.21.0; do timeout 30 "$version/node_modules/node/bin/node" run.cjs; done | tee seen
diff - seen <<'EXPECTED'
Node 22.23.3, nobody listens: error; readyState 0
Node 22.23.3, 403: error; readyState 0
Node 22.23.3, 302: error; readyState 0
Node 22.23.3, accepted: open, close 1000; readyState 3
Node 24.21.0, nobody listens: error, close 1006; readyState 3
Node 24.21.0, 403: error, close 1006; readyState 3
Node 24.21.0, 302: error, close 1006; readyState 3
Node 24.21.0, accepted: open, close 1000; readyState 3
EXPECTED
echo 'Node 22.23.3 and 24.21.0: as written down'
