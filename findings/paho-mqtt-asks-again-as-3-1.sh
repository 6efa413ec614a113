#!/usr/bin/env bash
# paho-mqtt 1.1.0 over ws 8.23.0, connect() without a version: the server refuses with 403, closes with 1013 (try again
# later), or answers CONNECT with "not authorized".
# Expected: onFailure after one attempt; MQTT 3.1 is tried, if at all, where the server says that it knows no 3.1.1
# (code 1).
# Seen: each failure, whatever its cause, is followed at once by a second connection that asks for the subprotocol
# mqttv3.1; only then comes onFailure, and it tells of the second. Every failed login counts twice, and a server that is
# full is asked again at once. `mqttVersion: 4` in connect() leaves the second out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund paho-mqtt@1.1.0 ws@8.23.0
cat >run.cjs <<'JS'
const { createServer } = require('node:http');
const WebSocket = require('ws');

globalThis.WebSocket = WebSocket;
globalThis.localStorage = { getItem: () => null, setItem() {}, removeItem() {} };
const { Client } = require('paho-mqtt');

/** Connects with these options to a server that does this with each upgrade, and says what was asked for. */
const run = (what, onUpgrade, options) =>
  new Promise((resolve) => {
    const asked = [];
    const server = createServer();
    server.on('upgrade', (request, socket, head) => {
      asked.push(request.headers['sec-websocket-protocol']);
      onUpgrade(request, socket, head);
    });
    server.listen(0, '127.0.0.1', () => {
      const client = new Client('127.0.0.1', server.address().port, '/mqtt', 'a');
      client.connect({
        ...options,
        onFailure: ({ errorMessage }) => {
          console.log(`${what}: asks for ${asked.join(', then ')}; told ${errorMessage.split(' ')[0]}`);
          server.close();
          resolve();
        },
      });
    });
  });

(async () => {
  const refuse = (request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  await run('403', refuse);
  await run('403, mqttVersion 4', refuse, { mqttVersion: 4 });
  const sockets = new WebSocket.WebSocketServer({ noServer: true });
  await run('not authorized', (...upgrade) =>
    sockets.handleUpgrade(...upgrade, (socket) => {
      socket.once('message', () => socket.send(Buffer.from([0x20, 2, 0, 5]))); // CONNACK, code 5
    }),
  );
  await run('Close 1013', (...upgrade) => sockets.handleUpgrade(...upgrade, (socket) => socket.close(1013, 'full')));
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
403: asks for mqtt, then mqttv3.1; told AMQJS0007E
403, mqttVersion 4: asks for mqtt; told AMQJS0007E
not authorized: asks for mqtt, then mqttv3.1; told AMQJS0006E
Close 1013: asks for mqtt, then mqttv3.1; told AMQJS0008I
EXPECTED
echo 'paho-mqtt 1.1.0: as written down'
