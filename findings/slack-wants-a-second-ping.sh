#!/usr/bin/env bash
# @slack/socket-mode 3.1.0, on ws 8.23.0, talks to two servers for 45 s, with its defaults: one never pings, one pings once, when it has opened.
# Expected: both are let be: the client pings by itself, and is answered.
# Seen: the one that never pings is let be; the one that has pinged once is left after 30 s with 1000, and asked for a new connection. The
# client pings each of them about every second and a half to two.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts @slack/socket-mode@3.1.0 ws@8.23.0
cat >run.cjs <<'JS'
const { createServer } = require('node:http');
const { SocketModeClient } = require('@slack/socket-mode');
const { WebSocketServer } = require('ws');

const run = (name, pings) => {
  const told = [];
  let count = 0;
  const http = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ok: true, url: `ws://127.0.0.1:${http.address().port}/link` }));
  });
  new WebSocketServer({ server: http }).on('connection', (ws) => {
    const opened = Date.now();
    const after = () => `after ${Math.round((Date.now() - opened) / 10_000) * 10} s`;
    ws.send(JSON.stringify({ type: 'hello', num_connections: 1 }));
    if (pings) ws.ping();
    ws.on('ping', () => count++);
    ws.on('close', (code) => told.push(`closed with ${code} ${after()}`));
  });
  http.listen(0, '127.0.0.1', () => {
    const slackApiUrl = `http://127.0.0.1:${http.address().port}/api/`;
    void new SocketModeClient({ appToken: 'xapp-1', logLevel: 'error', clientOptions: { slackApiUrl } }).start();
  });
  return () => console.log(`${name}: ${told.join(', ') || 'open after 45 s'}, ${count > 10 ? 'many pings' : 'few pings'}`);
};
const ends = [run('never pings', false), run('pings once', true)];
setTimeout(() => {
  for (const end of ends) end();
  process.exit();
}, 45_000);
JS
timeout 90 node run.cjs | tee seen.txt
diff - seen.txt <<'EXPECTED'
never pings: open after 45 s, many pings
pings once: closed with 1000 after 30 s, many pings
EXPECTED
echo '@slack/socket-mode 3.1.0: as written down'
