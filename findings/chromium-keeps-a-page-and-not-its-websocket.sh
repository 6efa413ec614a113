#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page with an open WebSocket is left by a link, and the user goes back.
# Expected: a page with a WebSocket is not kept: it is loaded anew, and connects anew, as in Firefox.
# Seen: Chromium keeps the page, and ends its WebSocket: the server is told a clean 1001 as the page is left. When the user is back the
# page goes on where it was (`pageshow`, persisted), without having been loaded, and only then is told: 'error', and 'close' with 1006, not
# clean, long after the server was told. A page that connects when it is loaded, and not again at such an end, stays without one.
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

/** Runs in the page, once for each time that it is loaded. */
function page() {
  const tell = (word) => void fetch('/seen', { method: 'POST', body: word, keepalive: true });
  const { type } = performance.getEntriesByType('navigation')[0];
  tell(`loaded (${type})`);
  const socket = new WebSocket(`ws://${location.host}`);
  socket.onopen = () => {
    tell('open');
    // To another site, from which the user comes back.
    if (type === 'navigate') setTimeout(() => (location.href = `http://localhost:${location.port}/away`), 500);
  };
  const later = [];
  socket.onerror = () => later.push('error');
  socket.onclose = ({ code, wasClean }) => {
    later.push(`close ${code}, clean ${wasClean}`);
    tell(later.join(', '));
  };
  addEventListener('pageshow', ({ persisted }) => persisted && later.push('pageshow, persisted'));
}

const away = () => setTimeout(() => history.back(), 1500);

(async () => {
  const seen = [];
  const server = http.createServer(async (request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${request.url === '/' ? page : away})()</script>`);
    if (request.method !== 'POST') return;
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push(body);
  });
  new WebSocketServer({ server }).on('connection', (socket) => socket.on('close', (code) => seen.push(`the server: ${code}`)));
  server.listen(0);
  await once(server, 'listening');
  const profile = `${process.cwd()}/profile-${name}`;
  mkdirSync(profile);
  const address = `http://127.0.0.1:${server.address().port}/`;
  const args = command.slice(1).map((word) => word.replace('PROFILE', profile));
  const env = { ...process.env, HOME: profile };
  const browser = spawn(command[0], [...args, address], { env, stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-browser.pid, 'SIGKILL'));
  while (!seen.some((word) => /persisted|back_forward/.test(word))) await new Promise((resolve) => setTimeout(resolve, 100));
  await new Promise((resolve) => setTimeout(resolve, 2000));
  console.log(`${name}: ${seen.join('; ')}`);
  process.exit();
})();
setTimeout(() => process.exit(1), 60_000);
JS
{
  node run.cjs Chromium debian/usr/lib/chromium/chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --user-data-dir=PROFILE
  node run.cjs Firefox debian/usr/lib/firefox-esr/firefox-esr --headless --no-remote --profile PROFILE
} | tee seen
diff - seen <<'EXPECTED'
Chromium: loaded (navigate); open; the server: 1001; pageshow, persisted, error, close 1006, clean false
Firefox: loaded (navigate); open; the server: 1001; close 1001, clean true; loaded (back_forward); open
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
