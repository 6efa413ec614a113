#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page opens 300 WebSockets at one server, as for a test of its load.
# Expected: 300, as many as a server takes; or what is too many waits for its turn, as requests do.
# Seen: 255 in Chromium and 200 in Firefox. Each further one fails at once, 'error' and 1006, without a request to the server, and stays
# failed when others have closed: to a page it looks as a server that refuses.
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
  let [open, failed] = [0, 0];
  await Promise.all(
    Array.from({ length: 300 }, (_, index) => {
      const socket = new WebSocket(`ws://${location.host}/${index}`);
      return new Promise((resolve) => {
        socket.onopen = () => resolve((open += 1));
        socket.onclose = ({ code }) => resolve((failed += code === 1006 ? 1 : 0));
      });
    }),
  );
  void fetch('/seen', { method: 'POST', body: `${open} open, ${failed} fail with 1006` });
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
  let asked = 0;
  new WebSocketServer({ server }).on('connection', () => (asked += 1));
  process.on('exit', () => console.log(`the server was asked for ${asked}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = `${process.cwd()}/profile-${name}`;
  mkdirSync(profile);
  const args = command.slice(1).map((word) => word.replace('PROFILE', profile));
  const env = { ...process.env, HOME: profile };
  const address = `http://127.0.0.1:${server.address().port}/`;
  const browser = spawn(command[0], [...args, address], { env, stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-browser.pid, 'SIGKILL'));
  setTimeout(() => process.exit(1), 90_000);
})();
JS
{
  node run.cjs Chromium debian/usr/lib/chromium/chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --user-data-dir=PROFILE
  node run.cjs Firefox debian/usr/lib/firefox-esr/firefox-esr --headless --no-remote --profile PROFILE
} | tee seen
diff - seen <<'EXPECTED'
Chromium: 255 open, 45 fail with 1006
the server was asked for 255
Firefox: 200 open, 100 fail with 1006
the server was asked for 200
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
