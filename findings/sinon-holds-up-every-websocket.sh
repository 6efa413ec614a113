#!/usr/bin/env bash
# sinon 22.1.0, `useFakeTimers()` as it is by default, and Node 24.21.0: its own WebSocket and that of ws 8.23.0 connect to a server in
# another process, which says hello. The clock is not moved.
# Expected: they open, and the hello comes, as with the fake timers of Jest 30, Vitest 5 and node:test: bytes of a socket are no timer.
# Seen: neither 'open' nor 'error' ever comes: process.nextTick() and queueMicrotask() are faked, too, and wait for a tick of the clock, on
# which Node's own sockets wait. With both in `toNotFake`, or with `shouldAdvanceTime`, it is as expected.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund sinon@22.1.0 ws@8.23.0 node@24.21.0
cat >client.cjs <<'JS'
const sinon = require('sinon');
const Ws = require('ws');

const [, , url, kind, options] = process.argv;
const WebSocket = kind === 'ws' ? Ws : globalThis.WebSocket;
const later = setTimeout;
sinon.useFakeTimers(...JSON.parse(options));
const told = [];
const socket = new WebSocket(url);
for (const event of ['open', 'message', 'error', 'close']) socket.addEventListener(event, () => told.push(event));
later(() => {
  console.log(`${kind}: ${told.join(', ') || 'nothing'}`);
  process.exit();
}, 3000);
JS
cat >run.cjs <<'JS'
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');

const code = `const server = new (require('ws').WebSocketServer)({ port: 0, host: '127.0.0.1' }, () => console.log(server.address().port));
  server.on('connection', (socket) => socket.send('hello'));`;
(async () => {
  const server = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => server.kill());
  const [port] = await once(server.stdout, 'data');
  for (const options of [[], [{ toNotFake: ['nextTick', 'queueMicrotask'] }], [{ shouldAdvanceTime: true }]]) {
    console.log(`useFakeTimers(${options.map((it) => JSON.stringify(it)).join('')})`);
    for (const kind of ['own', 'ws']) {
      process.stdout.write(execFileSync(process.execPath, ['client.cjs', `ws://127.0.0.1:${String(port).trim()}/`, kind, JSON.stringify(options)]));
    }
  }
  process.exit();
})();
JS
timeout 60 node_modules/.bin/node run.cjs | tee seen
diff - seen <<'EXPECTED'
useFakeTimers()
own: nothing
ws: nothing
useFakeTimers({"toNotFake":["nextTick","queueMicrotask"]})
own: open, message
ws: open, message
useFakeTimers({"shouldAdvanceTime":true})
own: open, message
ws: open, message
EXPECTED
echo 'sinon 22.1.0: as written down'
