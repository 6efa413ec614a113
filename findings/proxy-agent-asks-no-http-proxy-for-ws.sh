#!/usr/bin/env bash
# proxy-agent 8.0.3 under ws 8.23.0, on Node: a WebSocket where the environment names a proxy.
# Expected: `http_proxy` is asked for ws:, `https_proxy` for wss:, as by Node 24's own WebSocket (NODE_USE_ENV_PROXY).
# Seen: neither is, with both set: the connection is made past the proxy. It looks for `ws_proxy` and `wss_proxy`, which hardly
# anybody sets, and for `all_proxy`. An http: request of the same agent goes through the proxy.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund proxy-agent@8.0.3 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { connect } from 'node:net';
import { ProxyAgent } from 'proxy-agent';
import { WebSocket, WebSocketServer } from 'ws';

const server = createServer((request, response) => response.end());
new WebSocketServer({ server });
await once(server.listen(0, '127.0.0.1'), 'listening');
let asked = '';
const proxy = createServer((request, response) => {
  asked = request.method;
  response.end();
}).on('connect', (request, socket) => {
  asked = 'CONNECT';
  const target = connect(server.address().port, '127.0.0.1');
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  socket.pipe(target).pipe(socket);
  for (const one of [socket, target]) one.on('error', () => {});
});
await once(proxy.listen(0, '127.0.0.1'), 'listening');

const variables = ['http_proxy', 'https_proxy', 'ws_proxy', 'wss_proxy', 'all_proxy', 'no_proxy'];
const set = (...names) => {
  for (const name of variables) delete process.env[name], delete process.env[name.toUpperCase()];
  for (const name of names) process.env[name] = `http://127.0.0.1:${proxy.address().port}`;
  asked = 'nothing';
};
for (const scheme of ['ws:', 'wss:'])
  for (const names of [['http_proxy', 'https_proxy'], [`${scheme.slice(0, -1)}_proxy`], ['all_proxy']]) {
    set(...names);
    const socket = new WebSocket(`${scheme}//127.0.0.1:${server.address().port}`, { agent: new ProxyAgent() });
    // The server has no TLS: wss: ends in an error, which proxy was asked shows before that.
    await new Promise((resolve) => socket.on('open', resolve).on('error', resolve));
    console.log(`${scheme} ${names.join(' and ')}: the proxy got ${asked}`);
    socket.terminate();
  }
set('http_proxy');
const [response] = await once(get(`http://127.0.0.1:${server.address().port}`, { agent: new ProxyAgent() }), 'response');
response.resume();
console.log(`http: http_proxy: the proxy got ${asked}`);
process.exit();
JS
timeout 60 node run.mjs | tee seen
diff - seen <<'EXPECTED'
ws: http_proxy and https_proxy: the proxy got nothing
ws: ws_proxy: the proxy got CONNECT
ws: all_proxy: the proxy got CONNECT
wss: http_proxy and https_proxy: the proxy got nothing
wss: wss_proxy: the proxy got CONNECT
wss: all_proxy: the proxy got CONNECT
http: http_proxy: the proxy got GET
EXPECTED
echo 'proxy-agent 8.0.3, ws 8.23.0: as written down'
