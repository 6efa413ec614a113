#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page whose Content-Security-Policy has `connect-src 'self'` opens a WebSocket at another host.
# Expected: 'error' and 'close' with 1006 in both, as for a server that is away.
# Seen: Chromium fires 'error' and no 'close', ever, though readyState is 3. In Firefox the constructor throws, NS_ERROR_CONTENT_BLOCKED,
# which is no DOMException, and has no message. Code that connects again in `onclose` does nothing in one, and code without try in the other.
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
  const events = [];
  try {
    const socket = new WebSocket(`ws://localhost:${location.port}/`);
    for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => events.push(`'${type}'`));
    await new Promise((resolve) => setTimeout(resolve, 3000));
    events.push(`readyState ${socket.readyState}`);
  } catch (error) {
    events.push(`throws ${error.name}, ${error instanceof DOMException ? 'a' : 'no'} DOMException, '${error.message}'`);
  }
  void fetch('/seen', { method: 'POST', body: events.join(', ') });
}

(async () => {
  const server = http.createServer(async (request, response) => {
    response.setHeader('content-type', 'text/html');
    response.setHeader('content-security-policy', "script-src 'unsafe-inline'; connect-src 'self'");
    response.end(`<!doctype html><script>(${page})()</script>`);
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
Chromium: 'error', readyState 3
Firefox: throws NS_ERROR_CONTENT_BLOCKED, no DOMException, ''
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
