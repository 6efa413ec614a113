#!/usr/bin/env bash
# happy-dom 21.0.4 and jsdom 31.0.1, whose windows tests run in: their WebSocket loses its connection; it has something
# to send.
# Expected: 'error', then 'close' with 1006 and `wasClean` false, as in a browser; `bufferedAmount` counts.
# Seen: jsdom does so. happy-dom fires no 'error', and `wasClean` is true; it has no `bufferedAmount`, and a page that
# waits for it to fall compares with undefined. A page that connects again after an end that was not clean never does so
# in its tests.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund happy-dom@21.0.4 jsdom@31.0.1 node@26.10.0 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { Window } = require('happy-dom');
const { JSDOM } = require('jsdom');
const { WebSocketServer } = require('ws');

(async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('message', () => socket.terminate()));
  const page = 'http://a.example/';
  const windows = { jsdom: new JSDOM('', { url: page }).window, 'happy-dom': new Window({ url: page }) };
  for (const [name, { WebSocket }] of Object.entries(windows)) {
    const events = [];
    const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}/`);
    socket.onopen = () => {
      socket.send('four');
      console.log(`${name}: bufferedAmount ${socket.bufferedAmount}`);
    };
    socket.onerror = () => events.push('error');
    const { code, wasClean } = await new Promise((resolve) => (socket.onclose = resolve));
    console.log(`${name}: ${[...events, `close ${code}`].join(', ')}, wasClean ${wasClean}`);
  }
  process.exit();
})();
JS
timeout 30 node_modules/node/bin/node run.cjs | tee seen
diff - seen <<'EXPECTED'
jsdom: bufferedAmount 4
jsdom: error, close 1006, wasClean false
happy-dom: bufferedAmount undefined
happy-dom: close 1006, wasClean true
EXPECTED
echo 'happy-dom 21.0.4, jsdom 31.0.1: as written down'
