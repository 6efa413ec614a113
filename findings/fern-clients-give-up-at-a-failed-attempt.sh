#!/usr/bin/env bash
# @deepgram/sdk 5.13.0 and hume 0.16.0 on Node 26.10.0, whose WebSocket is the one that Fern generates, with `reconnectAttempts: 30`: the
# server answers the first handshake with 503; it closes with 1011, or ends TCP, and answers the second with 503, as in a restart.
# Expected: up to thirty attempts; an 'error' for what fails.
# Seen: an 'error' is the end: it makes them close with a 1000 of their own, which is told as 'close' before it, and which their default
# takes for a normal end. So the first attempt that fails is the last one. With hume, which takes Node's own WebSocket (or a browser's),
# a lost connection is an 'error', too, and no attempt follows it at all; with Deepgram, which takes ws, one does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @deepgram/sdk@5.13.0 hume@0.16.0 node@26.10.0 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { DeepgramClient } from '@deepgram/sdk';
import { HumeClient } from 'hume';
import { WebSocketServer } from 'ws';

const connects = {
  deepgram: async (base, url) => {
    const environment = { base, production: url, agent: url };
    const client = new DeepgramClient({ apiKey: 'key', environment });
    const socket = await client.listen.v1.connect({ model: 'nova-3', reconnectAttempts: 30 });
    return socket.connect();
  },
  hume: (base, url) => {
    const client = new HumeClient({ apiKey: 'key', environment: { base, evi: url, tts: url, stream: url } });
    return client.empathicVoice.chat.connect({ reconnectAttempts: 30 });
  },
};
const ends = {
  '503': undefined,
  '1011, and then 503': (socket) => socket.close(1011),
  'the end of TCP, and then 503': (socket) => socket.terminate(),
};

const seen = async (client, end) => {
  const events = [];
  const server = http.createServer();
  const sockets = new WebSocketServer({ noServer: true });
  let requests = 0;
  server.on('upgrade', (request, socket, head) => {
    requests += 1;
    if (requests === 1 && end) sockets.handleUpgrade(request, socket, head, (opened) => setTimeout(end, 300, opened));
    else socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${server.address().port}`;
  const socket = await connects[client](`http://${host}`, `ws://${host}`);
  socket.on('open', () => events.push('open'));
  socket.on('close', ({ code }) => events.push(`close ${code}`));
  socket.on('error', () => events.push('error'));
  // A retry follows within five seconds: this is time for the first and for the second.
  await wait(12_000);
  return `${requests} ${requests === 1 ? 'request' : 'requests'}: ${events.join(', ')}`;
};

const results = [];
for (const client of Object.keys(connects)) {
  for (const [name, end] of Object.entries(ends)) {
    results.push(seen(client, end).then((result) => `${client}, ${name}: ${result}`));
  }
}
console.log((await Promise.all(results)).join('\n'));
process.exit();
JS
timeout 40 node_modules/node/bin/node run.mjs | tee seen
diff - seen <<'EXPECTED'
deepgram, 503: 1 request: close 1000, error
deepgram, 1011, and then 503: 2 requests: open, close 1011, close 1000, error
deepgram, the end of TCP, and then 503: 2 requests: open, close 1006, close 1000, error
hume, 503: 1 request: close 1000, error
hume, 1011, and then 503: 2 requests: open, close 1011, close 1000, error
hume, the end of TCP, and then 503: 1 request: open, close 1000, error
EXPECTED
echo '@deepgram/sdk 5.13.0, hume 0.16.0: as written down'
