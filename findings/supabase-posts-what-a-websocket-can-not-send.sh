#!/usr/bin/env bash
# @supabase/realtime-js 2.119.1: a channel over WebSocket broadcasts while it is subscribed, while the connection is lost, and when it
# is back; the same server answers HTTP.
# Expected: what is sent offline waits for the connection, or is refused.
# Seen: it is sent at once, by an HTTP POST to a path of the same host, and send() says 'ok' as for the WebSocket: a server of the
# WebSocket alone never hears of it. A warning on the console is all that tells.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @supabase/realtime-js@2.119.1 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:http';
import { RealtimeClient } from '@supabase/realtime-js';
import { WebSocket, WebSocketServer } from 'ws';

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
console.warn = () => {};

const seen = [];
const http = createServer((request, response) => {
  let body = '';
  request.on('data', (bytes) => (body += bytes));
  request.on('end', () => {
    seen.push(`${request.method} ${request.url} with '${JSON.parse(body).messages[0].payload.text}'`);
    response.writeHead(202).end();
  });
});
let isUp = true;
let last;
const server = new WebSocketServer({ noServer: true });
http.on('upgrade', (request, socket, head) => {
  if (!isUp) return void socket.destroy();
  server.handleUpgrade(request, socket, head, (connection) => {
    last = connection;
    connection.on('message', (message, isBinary) => {
      // A broadcast is a binary message, with its payload as JSON at the end.
      if (isBinary) return void seen.push(`WebSocket with '${/"text":"(\w+)"/.exec(message)[1]}'`);
      const [join, reference, topic] = JSON.parse(message);
      const response = { status: 'ok', response: { postgres_changes: [] } };
      connection.send(JSON.stringify([join, reference, topic, 'phx_reply', response]));
    });
  });
});
await once(http.listen(0, '127.0.0.1'), 'listening');

const client = new RealtimeClient(`ws://127.0.0.1:${http.address().port}/socket`, {
  params: { apikey: 'key' },
  transport: WebSocket,
  reconnectAfterMs: () => 300,
});
const channel = client.channel('room');
let status;
channel.subscribe((each) => (status = each));
const broadcast = async (text) => {
  const result = await channel.send({ type: 'broadcast', event: 'news', payload: { text } });
  console.log(`${text}: ${status}, send() says '${result}'`);
};
await later(500);
await broadcast('before');
await later(200);
isUp = false;
last.terminate();
await later(200);
await broadcast('offline');
isUp = true;
await later(2500);
await broadcast('after');
await later(200);
console.log(seen.join('\n'));
process.exit();
JS
timeout 30 node run.mjs | tee seen
diff - seen <<'EXPECTED'
before: SUBSCRIBED, send() says 'ok'
offline: CHANNEL_ERROR, send() says 'ok'
after: SUBSCRIBED, send() says 'ok'
WebSocket with 'before'
POST /api/broadcast?apikey=key&vsn=2.0.0 with 'offline'
WebSocket with 'after'
EXPECTED
echo '@supabase/realtime-js 2.119.1: as written down'
