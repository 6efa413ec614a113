#!/usr/bin/env bash
# @solana/kit 8.4.0 on Node 24.21.0: an application iterates over slot notifications; the server, an RPC node, answers the subscription,
# sends one notification, and then closes with 1000, 1001, 1011 or 4001, or cuts the connection.
# Expected: the iteration ends, or rejects, whatever the code: nothing can come any more.
# Seen: at 1000 it neither ends nor rejects: `for await` waits for good on a WebSocket that is closed, and the process ends by itself, with
# exit code 13, when nothing else keeps it. At all others it rejects.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @solana/kit@8.4.0 ws@8.23.0
(mkdir node && cd node && npm install --silent --no-audit --no-fund --prefix . node@24.21.0)
cat >client.mjs <<'JS'
import { createSolanaRpcSubscriptions } from '@solana/kit';

const rpc = createSolanaRpcSubscriptions(process.argv[2]);
try {
  const slots = await rpc.slotNotifications().subscribe({ abortSignal: new AbortController().signal });
  for await (const { slot } of slots) console.log(`slot ${slot}`);
  console.log('ends');
} catch (error) {
  console.log(`rejects: ${error.message}`);
}
process.exit();
JS
cat >run.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
await once(server, 'listening');
server.on('connection', (socket, { url }) => {
  const how = url.slice(1);
  socket.on('message', (message) => {
    const { id, method } = JSON.parse(String(message));
    if (method !== 'slotSubscribe') return;
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: 1 }));
    const result = { parent: 1, root: 0, slot: 2 };
    setTimeout(() => socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'slotNotification', params: { result, subscription: 1 } })), 200);
    setTimeout(() => (how === 'loss' ? socket.terminate() : socket.close(Number(how))), 500);
  });
});
for (const how of ['1000', '1001', '1011', '4001', 'loss']) {
  const client = spawn('node/node_modules/.bin/node', ['client.mjs', `ws://127.0.0.1:${server.address().port}/${how}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let told = '';
  client.stdout.on('data', (text) => (told += text));
  const [code] = await once(client, 'close');
  console.log(`${how}: ${told.trim().split('\n').join(', ')}; exit code ${code}`);
}
process.exit();
JS
timeout 120 node run.mjs | tee seen
diff - seen <<'EXPECTED'
1000: slot 2; exit code 13
1001: slot 2, rejects: WebSocket connection closed; exit code 0
1011: slot 2, rejects: WebSocket connection closed; exit code 0
4001: slot 2, rejects: WebSocket connection closed; exit code 0
loss: slot 2, rejects: WebSocket connection closed; exit code 0
EXPECTED
echo '@solana/kit 8.4.0: as written down'
