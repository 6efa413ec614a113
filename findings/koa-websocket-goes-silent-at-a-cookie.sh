#!/usr/bin/env bash
# koa-websocket 7.0.0 on koa 3.3.0: a handler echoes; the middleware before it does nothing, sets a cookie, sets a field, answers 401, or
# throws.
# Expected: an echo with the cookie and the field in the 101, or without them; 401 or a Close frame for the fourth; 1011 and an 'error'
# of the application for the last.
# Seen: the 101 is sent before a middleware runs, and the context has no response: whatever touches one (cookies, session, CORS) throws,
# and all that is thrown is dropped without a word. Each but the first leaves an open connection that never answers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund koa@3.3.0 koa-websocket@7.0.0 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const Koa = require('koa');
const websockify = require('koa-websocket');
const { WebSocket } = require('ws');

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

(async () => {
  const app = websockify(new Koa());
  app.silent = true;
  let errors = 0;
  app.on('error', () => errors++);
  process.on('unhandledRejection', () => errors++);
  app.ws.use(async (context, next) => {
    if (context.path === '/cookie') context.cookies.set('session', '1');
    if (context.path === '/field') context.set('X-Field', '1');
    if (context.path === '/401') {
      context.status = 401;
      return;
    }
    if (context.path === '/throw') throw new Error('why');
    return next();
  });
  app.ws.use(async ({ websocket }) => {
    websocket.on('message', (text) => websocket.send(`${text}`));
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  for (const path of ['/nothing', '/cookie', '/field', '/401', '/throw']) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}${path}`);
    const seen = [];
    socket.on('upgrade', () => seen.push('a 101'));
    socket.on('unexpected-response', (_, { statusCode }) => seen.push(`${statusCode}`));
    socket.on('message', (text) => seen.push(`'${text}'`));
    socket.on('error', () => {});
    socket.on('close', (code) => seen.push(`close ${code}`));
    socket.on('open', () => socket.send('Hello'));
    await later(1000);
    const state = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'][socket.readyState];
    console.log(`${path}: ${seen.join(', ')}; ${state}, errors ${errors}`);
    socket.terminate();
  }
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
/nothing: a 101, 'Hello'; OPEN, errors 0
/cookie: a 101; OPEN, errors 0
/field: a 101; OPEN, errors 0
/401: a 101; OPEN, errors 0
/throw: a 101; OPEN, errors 0
EXPECTED
echo 'koa-websocket 7.0.0: as written down'
