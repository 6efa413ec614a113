#!/usr/bin/env bash
# http-mitm-proxy 1.1.0, which looks into what goes by: a client behind it offers two subprotocols to a server that speaks the second; it
# pings; it is refused with 401; it loses its connection, and so does the server.
# Expected: both are offered to the server, and its choice is the client's; one pong; no 101 where the server refuses; a loss is a loss.
# Seen: the proxy opens before it asks, and chooses the first itself; the server is offered none. The client gets two pongs. Where the server
# has answered 401 the client opens, gets an empty Close, and waits in CLOSING, for half a minute, as the proxy reads no answer. A connection
# that is lost on one side ends on the other with an empty Close: 1005.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund http-mitm-proxy@1.1.0 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const http = require('node:http');
const { setTimeout: wait } = require('node:timers/promises');
const { Proxy } = require('http-mitm-proxy');
const { WebSocket, WebSocketServer } = require('ws');

(async () => {
  const server = http.createServer();
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => offered.has('two') && 'two' });
  let events;
  let accepted;
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/refused') return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    events.push(`the server is offered ${request.headers['sec-websocket-protocol'] ?? 'nothing'}`);
    sockets.handleUpgrade(request, socket, head, (it) => {
      accepted = it.on('close', (code) => events.push(`${code} at the server`));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const proxy = new Proxy();
  proxy.onWebSocketError(() => {});
  await new Promise((resolve) => proxy.listen({ port: 0, host: '127.0.0.1', sslCaDir: `${process.cwd()}/certificates` }, resolve));
  const seen = async (name, path, subprotocols, action = () => {}) => {
    events = [];
    const headers = { host: `127.0.0.1:${server.address().port}` };
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.httpPort}${path}`, subprotocols, { headers });
    socket.on('pong', () => events.push('pong')).on('close', (code) => events.push(`${code} at the client`));
    await once(socket, 'open');
    await wait(500);
    action(socket);
    await wait(700);
    if (subprotocols.length > 0) events.push(`the client has '${socket.protocol}'`);
    if (socket.readyState !== WebSocket.CLOSED) events.push(socket.readyState === WebSocket.OPEN ? 'OPEN' : 'CLOSING');
    console.log(`${name}: ${events.join(', ')}`);
    socket.removeAllListeners();
    socket.terminate();
    await wait(200);
  };
  await seen('two subprotocols', '/', ['one', 'two']);
  await seen('a ping', '/', [], (socket) => socket.ping());
  await seen('401', '/refused', []);
  await seen('the client is lost', '/', [], (socket) => socket.terminate());
  await seen('the server is lost', '/', [], () => accepted.terminate());
  process.exit();
})();
JS
timeout 40 node run.cjs | tee seen
diff - seen <<'EXPECTED'
two subprotocols: the server is offered nothing, the client has 'one', OPEN
a ping: the server is offered nothing, pong, pong, OPEN
401: CLOSING
the client is lost: the server is offered nothing, 1006 at the client, 1005 at the server
the server is lost: the server is offered nothing, 1006 at the server, 1005 at the client
EXPECTED
echo 'http-mitm-proxy 1.1.0: as written down'
