#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page opens five WebSockets at once, at a server that takes a second over each handshake, as one
# does that asks a database who it is; then five requests by fetch() that take as long.
# Expected: all five are asked for at once, and open after a second; so it is with fetch().
# Seen: both ask for one at a time (RFC 6455 §4.1: one CONNECTING to an address), so that the fifth opens after five seconds; they are one
# browser's, whatever page they are in. The five requests take a second.
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
  const timed = async (what) => {
    const start = performance.now();
    await Promise.all([1, 2, 3, 4, 5].map(what));
    return performance.now() - start >= 4500 ? 'five seconds or so' : 'a second or so';
  };
  const open = (path) => new Promise((resolve) => (new WebSocket(`ws://${location.host}/${path}`).onopen = resolve));
  const websockets = await timed(open);
  const requests = await timed((path) => fetch(`/slow/${path}`));
  void fetch('/seen', { method: 'POST', body: `WebSockets: ${websockets}; requests: ${requests}` });
}

(async () => {
  const server = http.createServer(async (request, response) => {
    if (request.url.startsWith('/slow/')) return void setTimeout(() => response.end(), 1000);
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${page})()</script>`);
    if (request.method !== 'POST') return;
    let seen = '';
    for await (const chunk of request) seen += chunk;
    console.log(`${name}: ${seen}`);
    process.exit();
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    setTimeout(() => sockets.handleUpgrade(request, socket, head, () => {}), 1000);
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
Chromium: WebSockets: five seconds or so; requests: a second or so
Firefox: WebSockets: five seconds or so; requests: a second or so
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
