#!/usr/bin/env bash
# msw 3.0.5 on Node 26.10.0, a handler that only calls server.connect(): a page's WebSocket, and a real server behind
# msw.
# Expected: what happens without msw; the handler changes nothing.
# Seen: `protocol` is the first subprotocol offered, and not the one selected; the code and the reason of the page's
# close() never reach the server; a connection that was lost has `wasClean`. What depends on one of them passes its
# tests, and fails without msw.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund msw@3.0.5 node@26.10.0 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { ws } = require('msw');
const { setupServer } = require('msw/node');
const { WebSocketServer } = require('ws');

(async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (offered) => [...offered].at(-1) });
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${server.address().port}/`;
  let told;
  server.on('connection', (socket) => {
    socket.on('message', (message) => (String(message) === 'lose' ? socket.terminate() : socket.send('yes')));
    told = once(socket, 'close').then(([code, reason]) => `${code} ${reason}`.trim());
  });
  const run = async () => {
    const socket = new WebSocket(url, ['a.example', 'b.example']);
    await once(socket, 'open');
    console.log(`  protocol: ${socket.protocol}`);
    socket.send('are you there?');
    await once(socket, 'message'); // msw says open before the server does
    socket.close(4002, 'why');
    await once(socket, 'close');
    console.log(`  close(4002, 'why'): the server is told ${await told}`);
    const lost = new WebSocket(url);
    await once(lost, 'open');
    lost.send('lose');
    const [{ code, wasClean }] = await once(lost, 'close');
    console.log(`  lost: ${code}, wasClean ${wasClean}`);
  };
  console.log('without msw');
  await run();
  setupServer(ws.link(`${url}*`).addEventListener('connection', ({ server }) => server.connect())).listen();
  console.log('with msw');
  await run();
  process.exit();
})();
JS
timeout 30 node_modules/node/bin/node run.cjs | tee seen
diff - seen <<'EXPECTED'
without msw
  protocol: b.example
  close(4002, 'why'): the server is told 4002 why
  lost: 1006, wasClean false
with msw
  protocol: a.example
  close(4002, 'why'): the server is told 1005
  lost: 1006, wasClean true
EXPECTED
echo 'msw 3.0.5: as written down'
