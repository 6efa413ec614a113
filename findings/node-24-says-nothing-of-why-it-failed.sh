#!/usr/bin/env bash
# WebSockets that fail, in Node's own WebSocket (22.23.3, 24.21.0 and 26.10.0), Bun 1.4.5, Deno 2.9.6 and ws 8.23.0: the server answers 401;
# nobody listens; the server ends TCP in place of an answer.
# Expected: 'error' with a message that tells these from one another, in a runtime where no page could spy on a network by it.
# Seen: so it is in Bun, Deno and ws, and in Node 22 it says as much as "network error or non-101 status code". In Node 24 and 26 `message`
# is empty, and `error` is a TypeError with an empty message and no cause: what logs or rejects with it shows nothing at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund node22@npm:node@22.23.3 node24@npm:node@24.21.0 node26@npm:node@26.10.0 bun@1.4.5 deno@2.9.6 \
  ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.cjs <<'JS'
const [library, url] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
const socket = new Client(url);
socket.onerror = ({ message, error }) => {
  const words = JSON.stringify(message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST'));
  const more = message.endsWith(error.message) && error.cause === undefined ? '' : ', and more';
  console.log(`${error.constructor.name}, ${words}${more}`);
  process.exit();
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');

const clients = {
  'Node 22': ['node_modules/node22/bin/node'],
  'Node 24': ['node_modules/node24/bin/node'],
  'Node 26': ['node_modules/node26/bin/node'],
  Bun: ['node_modules/.bin/bun'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock'],
  ws: ['node_modules/node26/bin/node'],
};
const answers = {
  '/401': 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  '/nothing': '',
};

(async () => {
  const server = http.createServer();
  server.on('upgrade', ({ url }, socket) => socket.end(answers[url]));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const free = http.createServer();
  await once(free.listen(0, '127.0.0.1'), 'listening');
  const nobody = free.address().port;
  free.close();
  const base = `ws://127.0.0.1:${server.address().port}`;
  const urls = { 401: `${base}/401`, nobody: `ws://127.0.0.1:${nobody}/`, 'the end of TCP': `${base}/nothing` };
  for (const [name, [command, ...before]] of Object.entries(clients)) {
    for (const [way, url] of Object.entries(urls)) {
      const options = { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 };
      const child = spawn(command, [...before, 'client.cjs', name === 'ws' ? 'ws' : 'own', url], options);
      let seen = '';
      child.stdout.on('data', (text) => (seen += text));
      await once(child, 'close');
      console.log(`${name}, ${way}: ${seen.trim()}`);
    }
  }
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Node 22, 401: Error, "Received network error or non-101 status code."
Node 22, nobody: Error, "Received network error or non-101 status code."
Node 22, the end of TCP: Error, "Received network error or non-101 status code."
Node 24, 401: TypeError, ""
Node 24, nobody: TypeError, ""
Node 24, the end of TCP: TypeError, ""
Node 26, 401: TypeError, ""
Node 26, nobody: TypeError, ""
Node 26, the end of TCP: TypeError, ""
Bun, 401: Error, "WebSocket connection to 'ws://HOST/401' failed: Expected 101 status code: 401"
Bun, nobody: Error, "WebSocket connection to 'ws://HOST/' failed: Failed to connect"
Bun, the end of TCP: Error, "WebSocket connection to 'ws://HOST/nothing' failed: Connection ended"
Deno, 401: DOMException, "NetworkError: failed to connect to WebSocket: Invalid status code: 401"
Deno, nobody: DOMException, "NetworkError: failed to connect to WebSocket: tcp connect error"
Deno, the end of TCP: DOMException, "NetworkError: failed to connect to WebSocket: connection closed before message completed"
ws, 401: Error, "Unexpected server response: 401"
ws, nobody: Error, "connect ECONNREFUSED HOST"
ws, the end of TCP: Error, "socket hang up"
EXPECTED
echo 'Node 22.23.3, 24.21.0 and 26.10.0, Bun 1.4.5, Deno 2.9.6, ws 8.23.0: as written down'
