#!/usr/bin/env bash
# ethers 6.17.0, rpc-websockets 10.0.1 and viem 2.57.20, clients of JSON-RPC: the server ends TCP with a call
# unanswered.
# Expected: the promise of the call is rejected.
# Seen: viem's is. Those of ethers and rpc-websockets stay open for good, also once rpc-websockets is connected again:
# what is awaited never goes on, and no error says why. rpc-websockets has a timeout for each call, which is off unless
# given.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ethers@6.17.0 rpc-websockets@10.0.1 viem@2.57.20 ws@8.23.0
cat >run.cjs <<'JS'
const { WebSocketProvider } = require('ethers');
const { Client } = require('rpc-websockets');
const { createPublicClient, webSocket } = require('viem');
const WebSocket = require('ws');

const calls = {
  ethers: (url) => new WebSocketProvider(url).send('eth_chainId', []),
  'rpc-websockets': (url) =>
    new Promise((resolve, reject) => {
      const client = new Client(url, { reconnect_interval: 100 });
      client.on('error', () => {});
      client.once('open', () => client.call('eth_chainId').then(resolve, reject));
    }),
  viem: (url) =>
    createPublicClient({ transport: webSocket(url, { retryCount: 0 }) }).request({ method: 'eth_chainId' }),
};
const server = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  for (const [name, call] of Object.entries(calls)) {
    asked = 0;
    const end = call(`ws://127.0.0.1:${server.address().port}/`).then(
      () => 'fulfilled',
      () => 'rejected',
    );
    const waited = new Promise((resolve) => setTimeout(resolve, 3_000, 'open after 3 s'));
    console.log(`${name}: ${await Promise.race([end, waited])}`);
  }
  process.exit();
});
let asked = 0;
server.on('connection', (socket) => {
  socket.on('message', () => {
    asked += 1;
    if (asked === 1) socket.terminate();
  });
});
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
ethers: open after 3 s
rpc-websockets: open after 3 s
viem: rejected
EXPECTED
echo 'ethers 6.17.0, rpc-websockets 10.0.1, viem 2.57.20: as written down'
