#!/usr/bin/env bash
# @fastify/http-proxy 11.6.3: a server closes without a code, or its connection is lost; and a client pings.
# Expected: an empty Close goes on as an empty Close (1005), a lost connection as a lost one (1006) or as 1011 or 1014, and
# one ping gets one pong.
# Seen: codes of the private range that nobody has sent: 4005 and 4006, the same numbers plus 3000. A ping is answered by
# the proxy and once more by the server.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund fastify@5.12.8 @fastify/http-proxy@11.6.3 ws@8.23.0
cat >run.cjs <<'JS'
const WebSocket = require('ws');

const origin = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  const front = require('fastify')();
  front.register(require('@fastify/http-proxy'), { upstream: `http://127.0.0.1:${origin.address().port}`, websocket: true });
  await front.listen({ port: 0, host: '127.0.0.1' });
  const connect = (path) => new WebSocket(`ws://127.0.0.1:${front.server.address().port}/${path}`);
  const end = (path) =>
    new Promise((resolve) => connect(path).on('close', (code) => resolve(console.log(`${path}: ${code}`))));

  await end('close');
  await end('terminate');
  const client = connect('stay');
  let pongs = 0;
  client.on('pong', () => (pongs += 1));
  client.on('open', () => client.ping('one'));
  // What the server says to a message comes behind its pong.
  client.on('open', () => setTimeout(() => client.send('and now?'), 500));
  client.on('message', () => {
    console.log(`pongs for one ping: ${pongs}`);
    process.exit();
  });
});
origin.on('connection', (socket, request) => {
  if (request.url === '/close') socket.close();
  if (request.url === '/terminate') socket.terminate();
  socket.on('message', (data) => socket.send(data));
});
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
close: 4005
terminate: 4006
pongs for one ping: 2
EXPECTED
echo '@fastify/http-proxy 11.6.3: as written down'
