#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page opens a WebSocket at a server whose certificate nobody has signed, at one that speaks no
# TLS, and at one that is away.
# Expected: 1006 three times: the WHATWG's standard has it for whatever keeps a WebSocket from opening, so that a page learns nothing.
# Seen: so it is in Chromium. Firefox says 1015 for the first two, which tells a page the fault of a certificate from a server that is away.
# What the browsers need of the machine is what `apt-get install chromium firefox-esr` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1 \
  firefox-esr=153.8.0esr-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund ws@8.23.0
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout key.pem -out certificate.pem 2>/dev/null
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const { mkdirSync, readFileSync } = require('node:fs');
const https = require('node:https');
const { WebSocketServer } = require('ws');

const [name, ...command] = process.argv.slice(2);

/** Runs in the page. */
async function page(secure, away) {
  const ended = (url) => new Promise((resolve) => (new WebSocket(url).onclose = ({ code }) => resolve(code)));
  const seen = [];
  seen.push(`a certificate of its own ${await ended(`wss://127.0.0.1:${secure}/`)}`);
  seen.push(`no TLS ${await ended(`wss://${location.host}/`)}`);
  seen.push(`away ${await ended(`wss://127.0.0.1:${away}/`)}`);
  void fetch('/seen', { method: 'POST', body: seen.join(', ') });
}

(async () => {
  const secure = https.createServer({ key: readFileSync('key.pem'), cert: readFileSync('certificate.pem') });
  await once(secure.listen(0, '127.0.0.1'), 'listening');
  const free = http.createServer();
  await once(free.listen(0, '127.0.0.1'), 'listening');
  const away = free.address().port;
  free.close();
  const server = http.createServer(async (request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${page})(${secure.address().port}, ${away})</script>`);
    if (request.method !== 'POST') return;
    let seen = '';
    for await (const chunk of request) seen += chunk;
    console.log(`${name}: ${seen}`);
    process.exit();
  });
  new WebSocketServer({ server });
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
Chromium: a certificate of its own 1006, no TLS 1006, away 1006
Firefox: a certificate of its own 1015, no TLS 1015, away 1006
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
