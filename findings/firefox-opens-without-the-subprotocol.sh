#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page offers the subprotocol 'chat' to a server that chooses none, and to one that chooses another.
# Expected: both fail to open, as the WHATWG's standard has it; Chromium, Node's own WebSocket and ws do.
# Seen: Firefox opens at the server that chooses none, with '' in `protocol`: a page that was tried in Firefox alone meets 'error' in Chromium.
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
      const socket = new WebSocket(`ws://${location.host}${path}`, ['chat']);
      socket.onopen = () => resolve(`open, '${socket.protocol}'`);
      socket.onclose = ({ code }) => resolve(code);
    });
  void fetch('/seen', { method: 'POST', body: `none is chosen: ${await over('/none')}; another: ${await over('/another')}` });
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
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (_, { url }) => url === '/another' && 'another' });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, () => {});
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
Chromium: none is chosen: 1006; another: 1006
Firefox: none is chosen: open, ''; another: 1006
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
