#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page does a fetch() of its own server, and opens a WebSocket there.
# Expected: Sec-Fetch-Site, Sec-Fetch-Mode and Sec-Fetch-Dest with both, as the Fetch Metadata standard has it for every request.
# Seen: Firefox sends them with both, and Chromium with the fetch() alone: its handshake has none of the three. A server that goes by them
# where they are, and by Origin where they are not, needs the second for every Chromium; one that wants them refuses all of those.
# What the browsers need of the machine is what `apt-get install chromium firefox-esr` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1 \
  firefox-esr=153.8.0esr-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const { mkdirSync } = require('node:fs');

const [name, ...command] = process.argv.slice(2);

/** Runs in the page. */
async function page() {
  await fetch('/fetch', { method: 'POST' });
  new WebSocket(`ws://${location.host}/`);
}

const fields = ({ headers }) => {
  const values = ['site', 'mode', 'dest'].map((word) => headers[`sec-fetch-${word}`] ?? 'none');
  return `${values.join(', ')} (Origin: ${headers.origin === `http://${headers.host}` ? 'its own' : headers.origin})`;
};

(async () => {
  const server = http.createServer((request, response) => {
    if (request.url === '/fetch') console.log(`${name}, fetch(): ${fields(request)}`);
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${page})()</script>`);
  });
  server.on('upgrade', (request) => {
    console.log(`${name}, WebSocket: ${fields(request)}`);
    process.exit();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = `${process.cwd()}/profile-${name}`;
  mkdirSync(profile);
  const address = `http://127.0.0.1:${server.address().port}/`;
  const args = command.slice(1).map((word) => word.replace('PROFILE', profile));
  const env = { ...process.env, HOME: profile };
  const browser = spawn(command[0], [...args, address], { env, stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-browser.pid, 'SIGKILL'));
})();
setTimeout(() => process.exit(1), 60_000);
JS
{
  node run.cjs Chromium debian/usr/lib/chromium/chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --user-data-dir=PROFILE
  node run.cjs Firefox debian/usr/lib/firefox-esr/firefox-esr --headless --no-remote --profile PROFILE
} | tee seen
diff - seen <<'EXPECTED'
Chromium, fetch(): same-origin, cors, empty (Origin: its own)
Chromium, WebSocket: none, none, none (Origin: its own)
Firefox, fetch(): same-origin, cors, empty (Origin: its own)
Firefox, WebSocket: same-origin, websocket, empty (Origin: its own)
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
