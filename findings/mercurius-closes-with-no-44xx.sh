#!/usr/bin/env bash
# mercurius 16.10.1 (fastify 5.12.8, graphql 16.15.0), GraphQL subscriptions over WebSocket: clients of graphql-transport-ws that subscribe without
# connection_init, send it twice, send what is no JSON, or take an id that is in use; and one that offers another subprotocol first.
# Expected: as graphql-transport-ws has it, Close 4401, 4429, 4400 and 4409, which its clients take for the end; the subprotocol that it
# speaks is chosen, wherever it stands.
# Seen: a Close without a code for the first, which a client takes for a loss and comes back; the others stay open, and an id in use
# gets the messages of both. It chooses the first subprotocol that is offered, and then closes with 1002 as it is not its own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund mercurius@16.10.1 fastify@5.12.8 graphql@16.15.0 ws@8.23.0
cat >run.cjs <<'JS'
const Fastify = require('fastify');
const mercurius = require('mercurius');
const { WebSocket } = require('ws');

const resolvers = {
  Query: { one: () => 1 },
  Subscription: {
    count: {
      subscribe: async function* () {
        yield { count: 1 };
        await new Promise((resolve) => setTimeout(resolve, 10_000));
      },
    },
  },
};
const start = JSON.stringify({ type: 'connection_init' });
const subscribe = JSON.stringify({ id: 'a', type: 'subscribe', payload: { query: 'subscription { count }' } });

(async () => {
  // mercurius prints what it refuses.
  const { log } = console;
  console.log = () => {};
  const app = Fastify();
  app.register(mercurius, { schema: 'type Query { one: Int } type Subscription { count: Int }', resolvers, subscription: true });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `ws://127.0.0.1:${app.server.address().port}/graphql`;
  const exchange = async (name, subprotocols, ...messages) => {
    const seen = [];
    const socket = new WebSocket(url, subprotocols);
    socket.on('open', () => {
      seen.push(socket.protocol);
      for (const message of messages) socket.send(message);
    });
    socket.on('error', ({ message }) => seen.push(message));
    socket.on('message', (text) => {
      const { type, id } = JSON.parse(text);
      seen.push([type, id].filter(Boolean).join(' '));
    });
    socket.on('close', (code) => seen.push(`Close ${code}`));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    log(`${name}: ${seen.join(', ')}${socket.readyState === WebSocket.OPEN ? ', open' : ''}`);
    socket.terminate();
  };
  const own = ['graphql-transport-ws'];
  await exchange('as it should be', own, start, subscribe);
  await exchange('no connection_init', own, subscribe);
  await exchange('connection_init twice', own, start, start);
  await exchange('no JSON', own, start, 'text');
  await exchange('an id that is in use', own, start, subscribe, subscribe);
  await exchange('another subprotocol first', ['chat', ...own], start, subscribe);
  process.exit();
})();
JS
timeout 60 node run.cjs 2>/dev/null | tee seen
diff - seen <<'EXPECTED'
as it should be: graphql-transport-ws, connection_ack, next a, open
no connection_init: graphql-transport-ws, connection_error, Close 1005
connection_init twice: graphql-transport-ws, connection_ack, connection_ack, open
no JSON: graphql-transport-ws, connection_ack, error, open
an id that is in use: graphql-transport-ws, connection_ack, next a, next a, open
another subprotocol first: chat, Close 1002
EXPECTED
echo 'mercurius 16.10.1: as written down'
