#!/usr/bin/env bash
# koa-easy-ws 2.1.0 on koa 3.3.0: a middleware sets a cookie, takes the WebSocket by `await context.ws()`, and throws later.
# Expected: the cookie is in the 101; 1011 for the throw, or nothing.
# Seen: the cookie and all other fields are dropped; at the throw koa's "HTTP/1.1 500 Internal Server Error" is written into the open
# WebSocket. Its 'H' is 0x48: to a client that is a Close frame in pieces, and ends as a protocol error with code 1006.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund koa@3.3.0 koa-easy-ws@2.1.0 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const Koa = require('koa');
const easy = require('koa-easy-ws');
const { WebSocket } = require('ws');

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

(async () => {
  const app = new Koa();
  app.silent = true;
  app.use((easy.default ?? easy)());
  app.use(async (context) => {
    context.cookies.set('session', '1');
    context.set('X-Field', '1');
    if (context.path === '/refuses') return void (context.status = 401);
    const socket = await context.ws();
    socket.on('message', (text) => socket.send(`${text}`));
    await once(socket, 'message');
    if (context.path === '/throws') throw new Error('why');
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  for (const path of ['/refuses', '/echoes', '/throws']) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}${path}`);
    const seen = [];
    socket.on('upgrade', (response) => {
      seen.push(`a 101, Set-Cookie ${response.headers['set-cookie']}, X-Field ${response.headers['x-field']}`);
      response.socket.on('data', (bytes) => /HTTP\/1.1 \d+/.test(bytes) && seen.push(/HTTP\/1.1 \d+/.exec(bytes)[0]));
    });
    socket.on('unexpected-response', (_, { statusCode, headers }) => seen.push(`${statusCode}, Set-Cookie ${headers['set-cookie']?.length > 0}`));
    socket.on('message', (text) => seen.push(`'${text}'`));
    socket.on('error', ({ message }) => seen.push(message));
    socket.on('close', (code) => seen.push(`close ${code}`));
    socket.on('open', () => socket.send('Hello'));
    await later(1000);
    console.log(`${path}: ${seen.join(', ')}`);
    socket.terminate();
  }
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
/refuses: 401, Set-Cookie true
/echoes: a 101, Set-Cookie undefined, X-Field undefined, 'Hello'
/throws: a 101, Set-Cookie undefined, X-Field undefined, HTTP/1.1 500, 'Hello', Invalid WebSocket frame: RSV1 must be clear, close 1006
EXPECTED
echo 'koa-easy-ws 2.1.0: as written down'
