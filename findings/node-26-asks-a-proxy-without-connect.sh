#!/usr/bin/env bash
# Node 24.21.0 and 26.10.0 with NODE_USE_ENV_PROXY=1 and HTTP_PROXY: Node's own WebSocket, and the package ws 8.23.0, open a ws: URL.
# Expected: both Nodes ask the proxy for a tunnel by CONNECT, as RFC 6455 §4.1 has it; and ws, which connects by node:http,
# goes through the proxy like every request of node:http.
# Seen: Node 24 sends CONNECT. Node 26 sends the upgrade itself to the proxy, 'GET http://host/' with Upgrade: websocket, which
# most proxies answer as a request of their own, or strip. ws asks no proxy at all, on either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ws@8.23.0
for version in 24.21.0 26.10.0; do
  mkdir "$version"
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
done
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const http = require('node:http');

let asked = '';
const refuse = (socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
const proxy = http.createServer();
proxy.on('connect', (request, socket) => refuse(socket, (asked = `CONNECT ${request.url}`)));
proxy.on('upgrade', (request, socket) =>
  refuse(socket, (asked = `${request.method} ${request.url}, Upgrade: ${request.headers.upgrade}`)),
);
const clients = {
  WebSocket: 'const socket = new WebSocket("ws://a.invalid/"); socket.onerror = () => process.exit();',
  ws: 'const WebSocket = require("ws"); new WebSocket("ws://a.invalid/").on("error", () => process.exit());',
};
proxy.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${proxy.address().port}`;
  const env = { ...process.env, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: url, http_proxy: url, NO_PROXY: '', no_proxy: '' };
  for (const version of ['24.21.0', '26.10.0']) {
    for (const [name, code] of Object.entries(clients)) {
      asked = 'nothing';
      const client = spawn(`${version}/node_modules/.bin/node`, ['-e', code], { env, stdio: 'ignore', timeout: 20_000 });
      await new Promise((resolve) => client.on('exit', resolve));
      console.log(`${version}, ${name}: ${asked}`);
    }
  }
  process.exit();
});
JS
timeout 100 node run.cjs | tee seen
diff - seen <<'EXPECTED'
24.21.0, WebSocket: CONNECT a.invalid:80
24.21.0, ws: nothing
26.10.0, WebSocket: GET http://a.invalid/, Upgrade: websocket
26.10.0, ws: nothing
EXPECTED
echo 'Node 24.21.0 and 26.10.0: as written down'
