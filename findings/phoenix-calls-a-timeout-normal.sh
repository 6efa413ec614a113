#!/usr/bin/env bash
# phoenix 1.8.16, the client of Phoenix channels: its heartbeat is not answered.
# Expected: it drops the connection, or closes it with a code of trouble (3000 and up, or 1001).
# Seen: it closes with 1000, the code of a purpose fulfilled; only the reason 'heartbeat timeout' tells, and who counts clean
# ends by their code counts this one. The client itself takes it for a failure and connects again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund phoenix@1.8.16 ws@8.23.0
cat >run.cjs <<'JS'
const WebSocket = require('ws');
const { Socket } = require('phoenix');

let connections = 0;
const server = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  const socket = new Socket(`ws://127.0.0.1:${server.address().port}/socket`, {
    transport: WebSocket,
    heartbeatIntervalMs: 300,
    reconnectAfterMs: () => 50,
  });
  socket.connect();
});
server.on('connection', (socket) => {
  connections += 1;
  if (connections === 2) {
    console.log('it connects again');
    process.exit();
  }
  socket.on('close', (code, reason) => console.log(`the server is told: ${code} ${reason}`));
});
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
the server is told: 1000 heartbeat timeout
it connects again
EXPECTED
echo 'phoenix 1.8.16: as written down'
