#!/usr/bin/env bash
# node:http's request for an upgrade, answered in one write by a 101 and 70,000 bytes: the listener to 'upgrade' asks for a process.nextTick
# and a microtask, and then listens to 'data'.
# Expected: what was asked for first comes first, as in Node 20.19.0 and 26.10.0: a library looks at `head` in the next tick, and at 'data' behind it.
# Seen: Deno 2.9.6 emits 'data' between the listener's return and both. What is done with `head` a tick later comes behind what follows it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund deno@2.9.6 node-20@npm:node@20.19.0 node-26@npm:node@26.10.0
cat >run.mjs <<'JS'
import { request } from 'node:http';
import { createServer } from 'node:net';
import process from 'node:process';

const server = createServer((socket) => {
  socket.on('error', () => {}).once('data', () => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n' + 'x'.repeat(70_000));
  });
}).listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
  request({ host: '127.0.0.1', port, headers }).on('upgrade', (response, socket, head) => {
    const order = [];
    process.nextTick(() => order.push('tick'));
    queueMicrotask(() => order.push('microtask'));
    socket.once('data', () => order.push('data'));
    order.push(head.length < 70_000 ? 'a part in head' : 'all in head');
    setTimeout(() => {
      console.log(order.join(', '));
      process.exit();
    }, 500);
  }).end();
});
JS
for command in 'node_modules/node-20/bin/node' 'node_modules/node-26/bin/node' 'node_modules/.bin/deno run --allow-all --quiet'; do
  timeout 30 $command run.mjs
done | tee seen
diff - seen <<'EXPECTED'
a part in head, tick, microtask, data
a part in head, tick, microtask, data
a part in head, data, microtask, tick
EXPECTED
echo 'Deno 2.9.6: as written down'
