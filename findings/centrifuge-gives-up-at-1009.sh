#!/usr/bin/env bash
# centrifuge 5.8.0 (the client of Centrifugo), over ws 8.23.0: the server closes with codes of RFC 6455.
# Expected: it connects again after each, as the codes that end it for good are its own (3500 to 3999 and 4500 to 4999).
# Seen: so it does after 1002, 1003, 1007, 1008 and 1011, and gives up for good at 1009: one message that is too large for a
# server or a proxy ends all subscriptions. 'disconnected' tells code 3 in place of 1009.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund centrifuge@5.8.0 ws@8.23.0
cat >run.cjs <<'JS'
const { Centrifuge } = require('centrifuge');
const { WebSocket, WebSocketServer } = require('ws');

const connections = {};
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012]) {
    connections[code] = 0;
    const url = `ws://127.0.0.1:${server.address().port}/${code}`;
    const client = new Centrifuge(url, { websocket: WebSocket, minReconnectDelay: 50, maxReconnectDelay: 100 });
    let end = 'connects again';
    client.on('disconnected', (context) => (end = `disconnected, code ${context.code}, ${context.reason}`));
    client.connect();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    console.log(`${code}: ${connections[code] > 1 ? 'more than one connection' : 'one connection'}, ${end}`);
    client.removeAllListeners();
    client.disconnect();
  }
  process.exit();
});
server.on('connection', (socket, { url }) => {
  const code = Number(url.slice(1));
  connections[code] += 1;
  socket.on('message', (message) => {
    const { id, connect } = JSON.parse(String(message).split('\n')[0]);
    if (connect === undefined) return;
    socket.send(JSON.stringify({ id, connect: { client: 'a', version: '1' } }));
    socket.close(code, 'why');
  });
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
1000: more than one connection, connects again
1001: more than one connection, connects again
1002: more than one connection, connects again
1003: more than one connection, connects again
1007: more than one connection, connects again
1008: more than one connection, connects again
1009: one connection, disconnected, code 3, message size limit exceeded
1011: more than one connection, connects again
1012: more than one connection, connects again
EXPECTED
echo 'centrifuge 5.8.0: as written down'
