#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a server refuses a page's WebSocket with 403 and a cookie, one that says why, or that a session has
# ended; then it lets one in, with another cookie in the 101.
# Expected: the page has both cookies, as it has those of every response to a fetch(), whatever its status.
# Seen: Firefox has both. Chromium has that of the 101 alone: what came with the refusal is dropped.
# What the browsers need of the machine is what `apt-get install chromium firefox-esr` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1 \
  firefox-esr=153.8.0esr-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const { mkdirSync } = require('node:fs');
const { WebSocketServer } = require('ws');

const [name, ...command] = process.argv.slice(2);

/** Runs in the page. */
async function page() {
  const over = (path) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://${location.host}${path}`);
      socket.onopen = socket.onclose = resolve;
    });
  await over('/refused');
  await over('/opened');
  void fetch('/seen', { method: 'POST', body: document.cookie });
}

(async () => {
  const server = http.createServer(async (request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${page})()</script>`);
    if (request.method !== 'POST') return;
    let seen = '';
    for await (const chunk of request) seen += chunk;
    console.log(`${name}: ${seen}`);
    process.exit();
  });
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('headers', (fields) => fields.push('Set-Cookie: opened=yes'));
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/opened') return sockets.handleUpgrade(request, socket, head, () => {});
    socket.on('error', () => {});
    socket.end('HTTP/1.1 403 Forbidden\r\nSet-Cookie: refused=yes\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = `${process.cwd()}/profile-${name}`;
  mkdirSync(profile);
  const args = command.slice(1).map((word) => word.replace('PROFILE', profile));
  const env = { ...process.env, HOME: profile };
  const address = `http://127.0.0.1:${server.address().port}/`;
  const browser = spawn(command[0], [...args, address], { env, stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-browser.pid, 'SIGKILL'));
  setTimeout(() => process.exit(1), 60_000);
})();
JS
{
  node run.cjs Chromium debian/usr/lib/chromium/chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --user-data-dir=PROFILE
  node run.cjs Firefox debian/usr/lib/firefox-esr/firefox-esr --headless --no-remote --profile PROFILE
} | tee seen
diff - seen <<'EXPECTED'
Chromium: opened=yes
Firefox: refused=yes; opened=yes
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
