#!/usr/bin/env bash
# autobahn 26.3.1 (WAMP in JavaScript) over the platform's WebSocket, `max_retries: 3`: the server opens each connection and closes
# it with 4001 and a reason; beside it, a server that refuses with 403.
# Expected: three retries, later each time, as no session has been joined; onclose tells the code and the reason.
# Seen: an open WebSocket counts as a success: the count and the delay begin anew, and it goes on for good, with the delay of the
# first retry. onclose says 'closed', with `reason` and `message` null: the server's code and reason reach nobody. A refusal of the
# handshake is counted, and ends after three retries.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund autobahn@26.3.1 undici@7.30.2 ws@8.23.0
cat >run.cjs <<'JS'
const { createServer } = require('node:http');
const { WebSocket } = require('undici');
const { WebSocketServer } = require('ws');

const { log } = console;
for (const method of ['log', 'warn', 'debug', 'error']) console[method] = () => {};
globalThis.WebSocket ??= WebSocket;
const autobahn = require('autobahn');

const connections = { '/4001': 0, '/403': 0 };
const server = createServer();
const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'wamp.2.json' });
server.on('upgrade', (request, socket, head) => {
  connections[request.url] += 1;
  if (request.url === '/403') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  else sockets.handleUpgrade(request, socket, head, (opened) => opened.close(4001, 'no ticket'));
});
server.listen(0, '127.0.0.1', async () => {
  for (const path of Object.keys(connections)) {
    const connection = new autobahn.Connection({
      url: `ws://127.0.0.1:${server.address().port}${path}`,
      realm: 'realm',
      max_retries: 3,
      initial_retry_delay: 0.05,
      max_retry_delay: 0.2,
    });
    let last;
    connection.onclose = (why, { reason, message, will_retry }) => {
      last = `${why}, reason ${reason}, message ${message}, will_retry ${will_retry}`;
    };
    connection.open();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    log(`${path}: ${connections[path] > 4 ? 'more than 4' : connections[path]} connections; ${last}`);
  }
  process.exit();
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
/4001: more than 4 connections; closed, reason null, message null, will_retry true
/403: 4 connections; unreachable, reason null, message null, will_retry false
EXPECTED
echo 'autobahn 26.3.1: as written down'
