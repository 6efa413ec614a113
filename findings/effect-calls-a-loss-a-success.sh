#!/usr/bin/env bash
# @effect/platform 0.97.2, the Socket of Effect (effect 3.22.4) over ws 8.23.0, with its defaults: a server closes with 1000, 1001, 1011,
# without a code, and cuts the connection; and there is no server.
# Expected: an Effect that runs until the socket ends succeeds at 1000 and at a Close frame without a code, and fails where the connection
# is lost, as Effect.retry() and everything else that looks at failures would have it.
# Seen: it succeeds where the connection is lost (1006), and fails at a Close frame without a code (1005), as `close()` of every browser
# sends it. `closeCodeIsError` is where to say otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @effect/platform@0.97.2 effect@3.22.4 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import * as Socket from '@effect/platform/Socket';
import { Cause, Effect, Exit } from 'effect';
import { WebSocket, WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
await once(server, 'listening');
const base = `ws://127.0.0.1:${server.address().port}/`;
server.on('connection', (socket, { url }) => {
  if (url === '/loss') socket.terminate();
  else if (url === '/empty') socket.close();
  else socket.close(Number(url.slice(1)), 'why');
});
const tell = async (name) => {
  const run = Effect.gen(function* () {
    const socket = yield* Socket.makeWebSocket(base + name);
    yield* socket.run(() => Effect.void);
  });
  const make = (url, protocols) => new WebSocket(url, protocols);
  const exit = await Effect.runPromiseExit(run.pipe(Effect.scoped, Effect.provideService(Socket.WebSocketConstructor, make)));
  console.log(`${name}: ${Exit.isSuccess(exit) ? 'success' : Cause.pretty(exit.cause).split('\n')[0]}`);
};
for (const name of ['1000', '1001', '1011', 'empty', 'loss']) await tell(name);
await new Promise((resolve) => server.close(resolve));
await tell('nobody there');
process.exit();
JS
timeout 60 node run.mjs | tee seen
diff - seen <<'EXPECTED'
1000: success
1001: SocketError: Close: 1001: why
1011: SocketError: Close: 1011: why
empty: SocketError: Close: 1005
loss: success
nobody there: SocketError: An error occurred during Open
EXPECTED
echo '@effect/platform 0.97.2: as written down'
