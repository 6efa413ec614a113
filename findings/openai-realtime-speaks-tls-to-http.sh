#!/usr/bin/env bash
# openai 7.59.0 is given a base URL that begins with http:, and asked for a list over HTTP, for a session of the Realtime API and for one of
# the Responses API over a WebSocket. A server prints the first bytes of each connection. The WebSockets are those of ws 8.23.0.
# Expected: ws: where the base is http:, as for the list.
# Seen: ws: for the Responses API, and TLS for both classes of the Realtime API, whose scheme is wss: whatever the base says: a mock, or a gateway
# in the same pod, that speaks plain HTTP hears a ClientHello, and the program is told of a "wrong version number".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps openai@7.59.0 ws@8.23.0
cat >run.cjs <<'JS'
const { createServer } = require('node:net');
const { OpenAI } = require('openai');

const what = process.argv[2];
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (bytes) => {
    console.log(`${what}: ${bytes[0] === 22 && bytes[1] === 3 ? 'a ClientHello' : String(bytes).split('\r\n')[0]}`);
    process.exit();
  });
});
server.listen(0, '127.0.0.1', () => {
  const client = new OpenAI({ apiKey: 'key', baseURL: `http://127.0.0.1:${server.address().port}/v1`, maxRetries: 0 });
  if (what === 'models.list') void client.models.list().catch(() => {});
  if (what === 'realtime/ws') new (require('openai/realtime/ws').OpenAIRealtimeWS)({ model: 'm' }, client);
  if (what === 'realtime/websocket') {
    globalThis.WebSocket = require('ws');
    const { OpenAIRealtimeWebSocket } = require('openai/realtime/websocket');
    new OpenAIRealtimeWebSocket({ model: 'm', dangerouslyAllowBrowser: true }, client);
  }
  if (what === 'responses/ws') new (require('openai/resources/responses/ws').ResponsesWS)(client);
});
JS
for what in models.list realtime/ws realtime/websocket responses/ws; do timeout 60 node run.cjs "$what"; done | tee seen.txt
diff - seen.txt <<'EXPECTED'
models.list: GET /v1/models HTTP/1.1
realtime/ws: a ClientHello
realtime/websocket: a ClientHello
responses/ws: GET /v1/responses HTTP/1.1
EXPECTED
echo 'openai 7.59.0: as written down'
