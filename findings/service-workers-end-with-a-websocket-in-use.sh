#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a page's service worker opens a WebSocket, so that all tabs share it; there is a message each way
# every two seconds, and the page stays open.
# Expected: a service worker with a WebSocket in use lives on, as one of a browser's extension does.
# Seen: both browsers end it some 30 seconds after the page's message that had it open, in the midst of messages, with Close 1001. Nothing in it is
# told, so that nothing connects again, until something of the page's wakes it.
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
  await navigator.serviceWorker.register('/worker.js');
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage('open');
}

/** Runs in the service worker. */
function worker() {
  onmessage = () => {
    const socket = new WebSocket(`ws://${location.host}/`);
    socket.onmessage = ({ data }) => socket.send(data);
  };
}

(async () => {
  const server = http.createServer(async (request, response) => {
    if (request.url === '/worker.js') return response.setHeader('content-type', 'text/javascript').end(`(${worker})()`);
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${page})()</script>`);
  });
  new WebSocketServer({ server }).on('connection', (socket) => {
    const start = Date.now();
    let messages = 0;
    setInterval(() => socket.send('tick'), 2000);
    socket.on('message', () => (messages += 1));
    socket.on('close', (code) => {
      const lived = Date.now() - start;
      const time = lived > 20_000 && lived < 60_000 ? 'half a minute or so' : `${lived} ms`;
      console.log(`${name}: Close ${code} after ${time}, ${messages > 8 ? 'with messages to the end' : `${messages} messages`}`);
      process.exit();
    });
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
  setTimeout(() => process.exit(1), 100_000);
})();
JS
{
  node run.cjs Chromium debian/usr/lib/chromium/chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --user-data-dir=PROFILE
  node run.cjs Firefox debian/usr/lib/firefox-esr/firefox-esr --headless --no-remote --profile PROFILE
} | tee seen
diff - seen <<'EXPECTED'
Chromium: Close 1001 after half a minute or so, with messages to the end
Firefox: Close 1001 after half a minute or so, with messages to the end
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
