#!/usr/bin/env bash
# reconnecting-websocket 4.4.0 and partysocket 1.3.0 over ws 8.23.0: a port that nobody listens at, and a server that
# closes with 1011.
# Expected: what the WebSocket below says: 'error', then 'close' with 1006; 'close' with 1011 for the last.
# Seen: where there is an error, 'close' comes first and says 1000, and 'error' after it. Who looks at the code takes a
# server that is down for one that has said goodbye. Only a Close frame's own code is passed on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund partysocket@1.3.0 reconnecting-websocket@4.4.0 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:net';
import { WebSocket as PartySocket } from 'partysocket';
import ReconnectingWebSocket from 'reconnecting-websocket';
import { WebSocket, WebSocketServer } from 'ws';

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
};

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) => socket.close(1011, 'why'));
await once(server, 'listening');
const urls = {
  'nobody listens': `ws://127.0.0.1:${await freePort()}/`,
  'Close 1011': `ws://127.0.0.1:${server.address().port}/`,
};
const options = { WebSocket, minReconnectionDelay: 9_000 };
const clients = {
  ws: (url) => new WebSocket(url),
  'reconnecting-websocket': (url) => new ReconnectingWebSocket(url, [], options),
  partysocket: (url) => new PartySocket(url, [], options),
};
for (const [name, open] of Object.entries(clients)) {
  for (const [what, url] of Object.entries(urls)) {
    const events = [];
    const socket = open(url);
    socket.addEventListener('error', () => events.push('error'));
    socket.addEventListener('close', ({ code }) => events.push(`close ${code}`));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    console.log(`${name}, ${what}: ${events.join(', ')}`);
  }
}
process.exit();
JS
timeout 30 node run.mjs | tee seen
diff - seen <<'EXPECTED'
ws, nobody listens: error, close 1006
ws, Close 1011: close 1011
reconnecting-websocket, nobody listens: close 1000, error
reconnecting-websocket, Close 1011: close 1011
partysocket, nobody listens: close 1000, error
partysocket, Close 1011: close 1011
EXPECTED
echo 'reconnecting-websocket 4.4.0, partysocket 1.3.0: as written down'
