#!/usr/bin/env bash
# graphql-ws 6.4.2 with its five retries: the server goes away with Close 1012, and is back after a second.
# Expected: it tries until the server is back, as retryAttempts says.
# Seen: one attempt. The WebSocket of an attempt that nobody answers fires 'error' before 'close', and an error is fatal
# unless shouldRetry says otherwise: its default retries Close frames alone. With `shouldRetry: () => true` it is back
# at the fourth.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund graphql@16.14.0 graphql-ws@6.4.2 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { createClient } = require('graphql-ws');
const WebSocket = require('ws');

/** A server that says it is ready, and calls this for a subscription. */
const listen = async (port, onSubscription) => {
  const server = new WebSocket.WebSocketServer({ port, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (message) => {
      if (JSON.parse(message).type === 'connection_init') socket.send('{"type":"connection_ack"}');
      else onSubscription(socket);
    });
  });
  await once(server, 'listening');
  return server;
};

/** Subscribes at a server that closes for a restart of a second; resolves to how that ends. */
const run = (options) =>
  new Promise(async (resolve) => {
    let attempts = 0;
    const first = await listen(0, (socket) => {
      first.close();
      socket.close(1012, 'back in a second');
      setTimeout(() => listen(port, () => resolve(`back at attempt ${attempts}`)), 1_000);
    });
    const { port } = first.address();
    const client = createClient({
      url: `ws://127.0.0.1:${port}/`,
      webSocketImpl: WebSocket,
      retryAttempts: 5,
      retryWait: () => new Promise((go) => setTimeout(go, 300)),
      on: { connecting: (isRetry) => (attempts += isRetry ? 1 : 0) },
      ...options,
    });
    client.subscribe(
      { query: 'subscription { news }' },
      {
        next: () => {},
        complete: () => resolve('complete'),
        error: ({ message }) => resolve(`given up after ${attempts}: ${message.split(' 127')[0]}`),
      },
    );
  });

(async () => {
  console.log(`retryAttempts 5: ${await run({})}`);
  console.log(`with shouldRetry: ${await run({ shouldRetry: () => true })}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
retryAttempts 5: given up after 1: connect ECONNREFUSED
with shouldRetry: back at attempt 4
EXPECTED
echo 'graphql-ws 6.4.2: as written down'
