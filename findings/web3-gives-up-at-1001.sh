#!/usr/bin/env bash
# web3-providers-ws 4.0.8 (web3 4) with `autoReconnect: true`: the server closes with 1000, 1001 and 1011, or ends TCP.
# Expected: it connects again after each, but for 1000 at most: 1001 is what a server says when it starts anew; 'disconnect' tells of
# each end.
# Seen: it takes 1001 for the end, as 1000, so that subscriptions stop for good at every orderly restart, and go on after a crash.
# 'disconnect' is told only of those two; of the ends that it mends there is an 'error' for calls in flight, or nothing at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund web3-providers-ws@4.0.8 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { WebSocketProvider } from 'web3-providers-ws';
import { WebSocketServer } from 'ws';

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

for (const [name, end] of [
  ['1000', (socket) => socket.close(1000)],
  ['1001', (socket) => socket.close(1001)],
  ['1011', (socket) => socket.close(1011)],
  ['the end of TCP', (socket) => socket.terminate()],
]) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  let connections = 0;
  let last;
  server.on('connection', (socket) => {
    connections++;
    last = socket;
    // It asks for eth_chainId and eth_accounts by itself when it has connected.
    socket.on('message', (text) => {
      const { id, method } = JSON.parse(text);
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: method === 'eth_accounts' ? [] : '0x1' }));
    });
  });
  const provider = new WebSocketProvider(`ws://127.0.0.1:${server.address().port}`, {}, { autoReconnect: true, delay: 100, maxAttempts: 9 });
  const events = [];
  for (const event of ['connect', 'disconnect', 'error']) provider.on(event, () => events.push(event));
  await later(500);
  end(last);
  await later(1500);
  console.log(`${name}: ${connections} connections; ${events.join(', ')}`);
}
process.exit();
JS
timeout 30 node run.mjs | tee seen
diff - seen <<'EXPECTED'
1000: 1 connections; connect, disconnect
1001: 1 connections; connect, disconnect
1011: 2 connections; connect, connect
the end of TCP: 2 connections; connect, connect
EXPECTED
echo 'web3-providers-ws 4.0.8: as written down'
