#!/usr/bin/env bash
# A server takes TCP connections and says nothing, as one that hangs does, or a proxy before it: `new WebSocket` of Chromium 156, Firefox 153
# (Debian 12), Node 26.10.0, Bun 1.4.5 and Deno 2.9.6, and ws 8.23.0, are given five and a half minutes. None was given a timeout, and the
# standard's WebSocket has no option for one.
# Expected: 'error' and 'close' after about as long in all of them, half a minute or a minute.
# Seen: 20 seconds in Firefox, two minutes in Bun, four in Chromium, five in Node. Deno and ws wait on when the time is over. Until then
# nothing tells of it: a client that connects again at 'close' does nothing, and the other server, which would answer, is not asked.
# What the browsers need of the machine is what `apt-get install chromium firefox-esr` brings. This one takes six minutes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1 \
  firefox-esr=153.8.0esr-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6 node@26.10.0 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.cjs <<'JS'
const [library, url] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
const socket = new Client(url);
socket.onerror = () => {};
socket.onclose = () => console.log('closed');
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const { mkdirSync } = require('node:fs');
const net = require('node:net');

const node = ['node_modules/node/bin/node', 'client.cjs'];
const headless = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
const clients = {
  'Chromium 156': ['debian/usr/lib/chromium/chromium', ...headless, '--user-data-dir=PROFILE', 'PAGE'],
  'Firefox 153': ['debian/usr/lib/firefox-esr/firefox-esr', '--headless', '--no-remote', '--profile', 'PROFILE', 'PAGE'],
  'Node 26.10.0': [...node, 'global', 'URL'],
  'Bun 1.4.5': ['node_modules/.bin/bun', 'client.cjs', 'global', 'URL'],
  'Deno 2.9.6': ['node_modules/.bin/deno', 'run', '-A', '--no-lock', 'client.cjs', 'global', 'URL'],
  'ws 8.23.0': [...node, 'ws', 'URL'],
};

/** How long this client waits, in seconds. */
async function wait(name, command) {
  const silent = net.createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = `ws://127.0.0.1:${silent.address().port}/`;
  let closed;
  const isClosed = new Promise((resolve) => (closed = () => resolve(Date.now())));
  const pages = http.createServer((request, response) => {
    if (request.method === 'POST') closed();
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>new WebSocket('${url}').onclose = () => fetch('/', { method: 'POST' })</script>`);
  });
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  const profile = `${process.cwd()}/${name.replace(' ', '-')}`;
  mkdirSync(profile);
  const words = { PROFILE: profile, PAGE: `http://127.0.0.1:${pages.address().port}/`, URL: url };
  const args = command.slice(1).map((word) => word.replace(/PROFILE|PAGE|URL/, (key) => words[key]));
  const options = { env: { ...process.env, HOME: profile }, stdio: ['ignore', 'pipe', 'ignore'], detached: true };
  const client = spawn(command[0], args, options);
  client.stdout.on('data', (bytes) => `${bytes}`.includes('closed') && closed());
  process.on('exit', () => {
    try {
      process.kill(-client.pid, 'SIGKILL');
    } catch {}
  });
  await once(silent, 'connection');
  const start = Date.now();
  const end = await Promise.race([isClosed, over]);
  // To the nearest 20 seconds.
  return end === undefined ? 'waits on' : `${Math.round((end - start) / 20_000) * 20} s`;
}

const over = new Promise((resolve) => setTimeout(resolve, 330_000));
(async () => {
  const times = await Promise.all(Object.entries(clients).map(async ([name, command]) => `${name}: ${await wait(name, command)}`));
  for (const line of times) console.log(line);
  process.exit();
})();
JS
timeout 400 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Chromium 156: 240 s
Firefox 153: 20 s
Node 26.10.0: 300 s
Bun 1.4.5: 120 s
Deno 2.9.6: waits on
ws 8.23.0: waits on
EXPECTED
echo 'Chromium 156, Firefox 153, Node 26.10.0, Bun 1.4.5, Deno 2.9.6, ws 8.23.0: as written down'
