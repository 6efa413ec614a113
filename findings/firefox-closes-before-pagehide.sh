#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page that is left sends a last word over its WebSocket, in each of the events that tell of it:
# 'beforeunload', 'pagehide', 'visibilitychange' and 'unload'.
# Expected: all four arrive, with a Close frame behind them.
# Seen: so it is in Chromium. Firefox has closed the WebSocket when 'pagehide' comes, readyState is 3, and send() drops what it is given
# without a word: the one of 'beforeunload', which also comes when the user stays, is all that arrives.
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
function page() {
  if (location.pathname !== '/') return void setTimeout(() => fetch('/seen', { method: 'POST' }), 1500);
  const socket = new WebSocket(`ws://${location.host}/`);
  const say = ({ type }) => socket.send(`${type} (${socket.readyState})`);
  for (const type of ['beforeunload', 'pagehide', 'unload']) addEventListener(type, say);
  document.addEventListener('visibilitychange', say);
  socket.onopen = () => setTimeout(() => (location.href = '/next'), 300);
}

(async () => {
  const server = http.createServer(async (request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${page})()</script>`);
    if (request.method !== 'POST') return;
    console.log(`${name}: ${words.sort().join(', ')}`);
    process.exit();
  });
  const words = [];
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (text) => words.push(String(text))).on('close', (code) => words.push(`Close ${code}`));
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
Chromium: Close 1001, beforeunload (1), pagehide (1), unload (1), visibilitychange (1)
Firefox: Close 1001, beforeunload (1)
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
