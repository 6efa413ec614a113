#!/usr/bin/env bash
# A server that answers no Close frame and keeps TCP open, as one does whose machine sleeps, or that a vanished network stands for: close() of
# Chromium 156 and Firefox 153 (Debian 12), of the own WebSocket of Node 26.10.0, Deno 2.9.6 and Bun 1.4.5, and of ws 8.23.0.
# Expected: 'close' after some seconds, about as many everywhere: a page that misses an answer calls close(), and connects again at 'close'.
# Seen: 20 seconds in Firefox, 30 in ws, 36 in Bun, a minute in Chromium; in Node's own, and in Deno, 'close' does not come within the 80
# seconds that this takes. All the while readyState is CLOSING: who connects again at 'close' alone waits as long.
# What the browsers need of the machine is what `apt-get install chromium firefox-esr` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1 \
  firefox-esr=153.8.0esr-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6 node@26.10.0 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.mjs <<'JS'
import process from 'node:process';
import { WebSocket as OfWs } from 'ws';

const [library, url] = process.argv.slice(2);
const socket = new (library === 'ws' ? OfWs : WebSocket)(url.replace('http', 'ws'));
socket.onopen = () => {
  const start = performance.now();
  socket.onclose = async ({ code }) => {
    const body = `${Math.round((performance.now() - start) / 1000)} ${code}`;
    await fetch(`${url}seen/${process.argv[4]}`, { method: 'POST', body });
    process.exit();
  };
  socket.close(1000);
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const { mkdirSync } = require('node:fs');

const LONGEST = 80_000;

/** Runs in the page. */
function page(name) {
  const socket = new WebSocket(`ws://${location.host}/`);
  socket.onopen = () => {
    const start = performance.now();
    socket.onclose = ({ code }) => {
      const body = `${Math.round((performance.now() - start) / 1000)} ${code}`;
      void fetch(`/seen/${name}`, { method: 'POST', body });
    };
    socket.close(1000);
  };
}

(async () => {
  const seen = new Map();
  const server = http.createServer(async (request, response) => {
    response.setHeader('content-type', 'text/html');
    const name = request.url.split('/').pop();
    response.end(request.method === 'POST' ? '' : `<!doctype html><script>(${page})('${name}')</script>`);
    if (request.method !== 'POST') return;
    let body = '';
    for await (const chunk of request) body += chunk;
    const [seconds, code] = body.split(' ');
    const near = [20, 30, 36, 60].find((time) => Math.abs(time - seconds) <= Math.max(1, time / 20)) ?? seconds;
    seen.set(name, `${code} after ${near} s`);
  });
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.on('error', () => {}).resume();
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${server.address().port}/`;
  const start = (command, args) => {
    const home = `${process.cwd()}/home-${start.count++}`;
    mkdirSync(home);
    const options = { env: { ...process.env, HOME: home, DENO_DIR: home }, stdio: 'ignore', detached: true };
    const child = spawn(command, args.map((word) => word.replace('PROFILE', home)), options);
    process.on('exit', () => child.exitCode ?? process.kill(-child.pid, 'SIGKILL'));
  };
  start.count = 0;
  const chromium = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--user-data-dir=PROFILE'];
  start('debian/usr/lib/chromium/chromium', [...chromium, `${url}Chromium`]);
  start('debian/usr/lib/firefox-esr/firefox-esr', ['--headless', '--no-remote', '--profile', 'PROFILE', `${url}Firefox`]);
  start('node_modules/node/bin/node', ['client.mjs', 'own', url, 'Node']);
  start('node_modules/.bin/deno', ['run', '--allow-all', 'client.mjs', 'own', url, 'Deno']);
  start('node_modules/.bin/bun', ['run', 'client.mjs', 'own', url, 'Bun']);
  start('node_modules/node/bin/node', ['client.mjs', 'ws', url, 'ws']);
  const names = ['Chromium', 'Firefox', 'Node', 'Deno', 'Bun', 'ws'];
  setTimeout(() => {
    for (const name of names) console.log(`${name}: ${seen.get(name) ?? 'nothing within 80 s'}`);
    process.exit();
  }, LONGEST);
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Chromium: 1006 after 60 s
Firefox: 1006 after 20 s
Node: nothing within 80 s
Deno: nothing within 80 s
Bun: 1006 after 36 s
ws: 1006 after 30 s
EXPECTED
echo 'close(): as written down'
