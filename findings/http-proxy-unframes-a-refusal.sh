#!/usr/bin/env bash
# http-proxy 1.18.1: a server refuses an upgrade with a chunked body (401, say).
# Expected: the client gets the response as it was, or with a Content-Length.
# Seen: the head is passed on with 'transfer-encoding: chunked', the body without its chunk framing, so that what follows
# is no HTTP/1.1 message: a client that reads the body waits for a chunk size and fails.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund http-proxy@1.18.1
cat >run.cjs <<'JS'
const http = require('node:http');
const net = require('node:net');
const { createProxyServer } = require('http-proxy');

// A server without a handler for 'upgrade' takes the request for an ordinary one.
const origin = http.createServer((request, response) => {
  response.writeHead(401, { 'Content-Type': 'text/plain' });
  response.write('please ');
  response.end('log in');
});
origin.listen(0, '127.0.0.1', () => {
  const proxy = createProxyServer({ target: `http://127.0.0.1:${origin.address().port}` });
  const front = http.createServer().on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
  front.listen(0, '127.0.0.1', () => {
    let response = '';
    const client = net.connect(front.address().port, '127.0.0.1');
    client.write(
      'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    client.on('data', (bytes) => (response += bytes));
    client.on('end', () => {
      const [head, body] = response.split('\r\n\r\n');
      console.log(head.split('\r\n', 1)[0]);
      console.log(/^transfer-encoding: .*$/im.exec(head)?.[0]);
      console.log(JSON.stringify(body));
      process.exit();
    });
  });
});
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
HTTP/1.1 401 Unauthorized
transfer-encoding: chunked
"please log in"
EXPECTED
echo 'http-proxy 1.18.1: as written down'
