#!/usr/bin/env bash
# y-websocket 3.1.0 and @hocuspocus/provider 4.8.0, two providers for Yjs: the server closes with codes of applications, as it does
# for a token that is no longer good (4401) or a document that is somebody else's (4403).
# Expected: the same of both: they connect again after every code, or leave that be after one that says who may not.
# Seen: y-websocket gives up for good at each of 4400 to 4499, where nothing but `shouldConnect` tells of it: 4408 and 4429 too,
# which ask for another attempt by their names in HTTP. hocuspocus connects again after all, 4401 and 4403 of its own server among
# them, and calls no onAuthenticationFailed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund y-websocket@3.1.0 @hocuspocus/provider@4.8.0 yjs@13.6.31 ws@8.23.0
cat >run.mjs <<'JS'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { WebSocket, WebSocketServer } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

process.setMaxListeners(0);
globalThis.WebSocket = WebSocket;
const connections = new Map();
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  const url = `ws://127.0.0.1:${server.address().port}`;
  const codes = [1008, 4001, 4399, 4400, 4401, 4403, 4408, 4429, 4499, 4500];
  let failures = 0;
  for (const code of codes) {
    const document = new Y.Doc();
    new WebsocketProvider(`${url}/y-websocket/${code}`, 'x', document, { WebSocketPolyfill: WebSocket, maxBackoffTime: 100 });
    const websocketProvider = new HocuspocusProviderWebsocket({
      url: `${url}/hocuspocus/${code}`,
      WebSocketPolyfill: WebSocket,
      delay: 100,
      minDelay: 100,
      maxDelay: 100,
      jitter: false,
    });
    new HocuspocusProvider({
      websocketProvider,
      name: 'x',
      document,
      token: 'a',
      onAuthenticationFailed: () => (failures += 1),
    }).attach();
  }
  await new Promise((resolve) => setTimeout(resolve, 4000));
  for (const provider of ['y-websocket', 'hocuspocus']) {
    const again = codes.filter((code) => connections.get(`${provider}/${code}`) > 1);
    console.log(`${provider} connects again after: ${again.join(' ')}`);
  }
  console.log(`onAuthenticationFailed: ${failures} calls`);
  process.exit();
});
server.on('connection', (socket, { url }) => {
  const [, provider, code] = url.split('/');
  connections.set(`${provider}/${code}`, (connections.get(`${provider}/${code}`) ?? 0) + 1);
  socket.close(Number.parseInt(code, 10), 'why');
});
JS
timeout 60 node run.mjs | tee seen
diff - seen <<'EXPECTED'
y-websocket connects again after: 1008 4001 4399 4500
hocuspocus connects again after: 1008 4001 4399 4400 4401 4403 4408 4429 4499 4500
onAuthenticationFailed: 0 calls
EXPECTED
echo 'y-websocket 3.1.0, @hocuspocus/provider 4.8.0: as written down'
