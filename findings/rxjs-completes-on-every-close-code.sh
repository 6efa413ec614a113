#!/usr/bin/env bash
# rxjs 7.8.2, webSocket(): the server closes with each of five codes, and ends TCP without a Close frame.
# Expected: 1000 completes the observable; 1001, 1008, 1011 and 4001 are errors, so that retry() connects again.
# Seen: every code completes it, 1011 too. An error is TCP's end alone. retry() never sees a server that restarts (1001)
# or fails (1011), and a promise of firstValueFrom or lastValueFrom is told of an empty sequence; repeat() is what
# connects again. The code is in closeObserver alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund rxjs@7.8.2 undici@7.30.2 ws@8.23.0
cat >run.cjs <<'JS'
const { retry } = require('rxjs');
const { webSocket } = require('rxjs/webSocket');
const { WebSocket } = require('undici');
const { WebSocketServer } = require('ws');

const WebSocketCtor = globalThis.WebSocket ?? WebSocket;
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  const url = `ws://127.0.0.1:${server.address().port}`;
  for (const how of [1000, 1001, 1008, 1011, 4001, 'TCP']) {
    connections = 0;
    await new Promise((resolve) => {
      webSocket({ url: `${url}/${how}`, WebSocketCtor })
        .pipe(retry(2))
        .subscribe({ error: () => resolve('error'), complete: () => resolve('complete') });
    }).then((end) => console.log(`${how}: ${end}, ${connections} of 3 connections`));
  }
  process.exit();
});
let connections = 0;
server.on('connection', (socket, { url }) => {
  connections += 1;
  if (url === '/TCP') socket.terminate();
  else socket.close(Number(url.slice(1)), 'why');
});
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
1000: complete, 1 of 3 connections
1001: complete, 1 of 3 connections
1008: complete, 1 of 3 connections
1011: complete, 1 of 3 connections
4001: complete, 1 of 3 connections
TCP: error, 3 of 3 connections
EXPECTED
echo 'rxjs 7.8.2: as written down'
