#!/usr/bin/env bash
# mockttp 4.6.5, HTTP Toolkit's proxy for tests, with forAnyWebSocket().thenPassThrough(): the server ends TCP, or the client does; either
# closes with 4001 and a reason; the client pings.
# Expected: it passes on what it gets: a lost connection as a lost one, 4001 as 4001, and one pong for a ping.
# Seen: 4001 and its reason are passed on, but a lost connection is a clean end on the other side, an empty Close (1005): what a test
# is to show of a loss, an 'error' or 1006, does not come. To its ping the client gets two pongs, mockttp's and the server's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts mockttp@4.6.5 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { getLocal } from 'mockttp';
import { WebSocket, WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
await once(server, 'listening');
const proxy = getLocal();
await proxy.start();
await proxy.forAnyWebSocket().thenPassThrough();

const ends = {
  'the server ends TCP': (client, atServer) => atServer.terminate(),
  'the client ends TCP': (client) => client.terminate(),
  'the server closes with 4001': (client, atServer) => atServer.close(4001, 'why'),
  'the client closes with 4001': (client) => client.close(4001, 'why'),
  'the client pings': (client) => client.ping('bytes'),
};
for (const [name, end] of Object.entries(ends)) {
  const seen = { client: [], server: [] };
  const listen = (side, socket) => {
    socket.on('close', (code, reason) => seen[side].push(`close ${code} '${reason}'`));
    socket.on('ping', (bytes) => seen[side].push(`ping '${bytes}'`));
    socket.on('pong', (bytes) => seen[side].push(`pong '${bytes}'`));
    socket.on('error', () => seen[side].push('error'));
  };
  const connected = once(server, 'connection');
  const host = `127.0.0.1:${server.address().port}`;
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/`, { headers: { host } });
  listen('client', client);
  const [[atServer]] = await Promise.all([connected, once(client, 'open')]);
  listen('server', atServer);
  end(client, atServer);
  await wait(1000);
  console.log(`${name}: the client ${seen.client.join(', ') || 'nothing'}; the server ${seen.server.join(', ') || 'nothing'}`);
}
process.exit();
JS
timeout 40 node run.mjs | tee seen
diff - seen <<'EXPECTED'
the server ends TCP: the client close 1005 ''; the server close 1006 ''
the client ends TCP: the client close 1006 ''; the server close 1005 ''
the server closes with 4001: the client close 4001 'why'; the server close 4001 'why'
the client closes with 4001: the client close 4001 'why'; the server close 4001 'why'
the client pings: the client pong 'bytes', pong 'bytes'; the server ping 'bytes'
EXPECTED
echo 'mockttp 4.6.5: as written down'
