#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page tries a WebSocket whose handshake is answered 503, again and again, each time as soon as
# the one before has failed; then another URL of that host, and another host.
# Expected: an attempt takes as long as its answer: when to try again is the page's own affair.
# Seen: both browsers wait before they ask, on top of whatever the page waits. Chromium does from about the twelfth failure on, and from the
# sixteenth one to five seconds each time, at random, for every host, those that never failed too. Firefox waits for the URL that failed,
# half as long again each time: nine seconds before the tenth attempt, up to a minute; another path of that host is asked at once.
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

const [name, count, ...command] = process.argv.slice(2);

/** Runs in the page: how long an attempt takes when `count` have failed, and one at another URL, and at `other`. */
async function page(count, other) {
  const attempt = async (url) => {
    const start = performance.now();
    const socket = new WebSocket(url);
    await new Promise((resolve) => (socket.onopen = socket.onerror = resolve));
    return performance.now() - start >= 1000 ? 'a second or more' : 'less';
  };
  const url = `ws://${location.host}/`;
  for (let failures = 0; failures < count; failures += 1) await attempt(url);
  const seen = `once more: ${await attempt(url)}; another URL: ${await attempt(`${url}2`)}; another host: ${await attempt(other)}`;
  void fetch('/seen', { method: 'POST', body: seen });
}

(async () => {
  const other = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(other, 'listening');
  const server = http.createServer(async (request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${page})(${count}, 'ws://localhost:${other.address().port}/')</script>`);
    if (request.method !== 'POST') return;
    let seen = '';
    for await (const chunk of request) seen += chunk;
    console.log(`${name}, after ${count} failures, ${seen}`);
    process.exit();
  });
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
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
  setTimeout(() => process.exit(1), 90_000);
})();
JS
{
  node run.cjs Chromium 20 debian/usr/lib/chromium/chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --user-data-dir=PROFILE
  node run.cjs Firefox 8 debian/usr/lib/firefox-esr/firefox-esr --headless --no-remote --profile PROFILE
} | tee seen
diff - seen <<'EXPECTED'
Chromium, after 20 failures, once more: a second or more; another URL: a second or more; another host: a second or more
Firefox, after 8 failures, once more: a second or more; another URL: less; another host: less
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
