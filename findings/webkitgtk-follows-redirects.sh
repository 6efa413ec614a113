#!/usr/bin/env bash
# WebKitGTK 2.50.6 (Debian 12), a page in its MiniBrowser: a server answers the handshake with a redirect (302) to another path, as a
# login page in front of it would; one closes with 1012.
# Expected: the handshake fails, as redirects are errors to it (WHATWG Fetch); 'close' with 1012.
# Seen: the redirect is followed, and the WebSocket opens at the other path. 1012 is a protocol error to it: 1002 at the server, and
# 'error' and 1006 at the page.
# Its processes look for one another where they are installed: first `apt-get install libwebkit2gtk-4.1-0=2.50.6-1~deb12u2 xvfb`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
dpkg-query -W -f 'WebKitGTK ${Version}\n' libwebkit2gtk-4.1-0 | tee seen
browser="/usr/lib/$(uname -m)-linux-gnu/webkit2gtk-4.1/MiniBrowser"
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const http = require('node:http');

/** Runs in the page. */
async function page() {
  const seen = (path) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://${location.host}${path}`);
      const events = [];
      socket.onopen = () => events.push('open');
      socket.onmessage = ({ data }) => events.push(`'${data}'`);
      socket.onerror = () => events.push('error');
      socket.onclose = ({ code }) => resolve(`${path}: ${[...events, `close ${code}`].join(', ')}`);
    });
  const results = [await seen('/redirected'), await seen('/restart')];
  fetch('/results', { method: 'POST', body: results.join('\n') });
}

const server = http.createServer(async (request, response) => {
  if (request.method !== 'POST') {
    return response.setHeader('content-type', 'text/html').end(`<!doctype html><script>(${page})()</script>`);
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  setTimeout(() => {
    console.log(`${Buffer.concat(chunks)}`);
    process.exit();
  }, 500);
});
server.on('upgrade', ({ url, headers }, socket) => {
  if (url === '/redirected') return socket.end('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const text = `here is ${url}`;
  if (url === '/elsewhere') socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text), Buffer.from([0x88, 2, 3, 0xe8])]));
  if (url === '/restart') socket.write(Buffer.from([0x88, 2, 3, 0xf4]));
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    const code = (bytes[6] ^ bytes[2]) * 256 + (bytes[7] ^ bytes[3]);
    if (bytes[0] === 0x88) console.log(`${url}: the server is sent Close ${code}`);
    socket.end();
  });
});
const xvfb = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '800x600x24', '-nolisten', 'tcp'], {
  stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
});
process.on('exit', () => xvfb.kill());
xvfb.stdio[3].once('data', (display) => {
  server.listen(0, '127.0.0.1', () => {
    const env = { ...process.env, DISPLAY: `:${String(display).trim()}`, HOME: __dirname, XDG_RUNTIME_DIR: __dirname };
    const browser = spawn(process.argv[2], [`http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore', env });
    process.on('exit', () => browser.kill());
  });
});
JS
timeout 60 node run.cjs "$browser" | tee -a seen
diff - seen <<'EXPECTED'
WebKitGTK 2.50.6-1~deb12u2
/elsewhere: the server is sent Close 1000
/restart: the server is sent Close 1002
/redirected: open, 'here is /elsewhere', close 1000
/restart: open, error, close 1006
EXPECTED
echo 'WebKitGTK 2.50.6: as written down'
