#!/usr/bin/env bash
# elysia 1.4.30 on Node, by @elysiajs/node 1.4.5, an echo with `.ws()`: a text, bytes, bytes that are no UTF-8, and a message that
# the route's schema refuses.
# Expected: bytes are handed over as bytes and go back as bytes; a message that is refused ends in 'error' or a Close frame.
# Seen: bytes are handed over as a string, where each byte that is no UTF-8 has become U+FFFD, and go back as a text. A message that
# the schema refuses is answered by a text of Elysia's own, JSON about what is wrong with it, and the connection goes on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund elysia@1.4.30 @elysiajs/node@1.4.5 ws@8.23.0
cat >run.mjs <<'JS'
import { createServer } from 'node:net';
import { node } from '@elysiajs/node';
import { Elysia, t } from 'elysia';
import { WebSocket } from 'ws';

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
let taken = '';
new Elysia({ adapter: node() })
  .ws('/echo', {
    message(socket, message) {
      taken = typeof message;
      socket.send(message);
    },
  })
  .ws('/schema', { body: t.Object({ name: t.String() }), message: (socket) => socket.send('taken') })
  .listen({ port, hostname: '127.0.0.1' });

const echo = (path, message) =>
  new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    socket.on('error', () => setTimeout(() => resolve(echo(path, message)), 200));
    socket.on('open', () => socket.send(message));
    socket.on('close', (code) => resolve(`Close ${code}`));
    socket.on('message', (data, isBinary) => {
      resolve([isBinary ? 'bytes' : 'text', path === '/echo' ? data.toString('hex') : JSON.parse(data).type, socket.readyState]);
      socket.terminate();
    });
  });
for (const [what, message] of [['a text', 'abc'], ['bytes', Buffer.from('abc')], ['bytes ff fe 00', Buffer.from([0xff, 0xfe, 0])]]) {
  const [kind, hex] = await echo('/echo', message);
  console.log(`${what}: a ${taken} to the handler, ${kind} ${hex} back`);
}
const [kind, type, readyState] = await echo('/schema', 'no object');
console.log(`refused by the schema: a ${kind}, "${type}", readyState ${readyState}`);
process.exit();
JS
timeout 60 node run.mjs | tee seen
diff - seen <<'EXPECTED'
a text: a string to the handler, text 616263 back
bytes: a string to the handler, text 616263 back
bytes ff fe 00: a string to the handler, text efbfbdefbfbd00 back
refused by the schema: a text, "validation", readyState 1
EXPECTED
echo 'elysia 1.4.30, @elysiajs/node 1.4.5: as written down'
