#!/usr/bin/env bash
# WebSockets at the ports 6666, 10080 and another of 127.0.0.1, by the own WebSocket of Node 22.23.3, 24.21.0 and 26.10.0, Deno 2.9.6 and Bun
# 1.4.5, by ws 8.23.0, and by Chromium 156 (Debian 12).
# Expected: a server may listen at whatever port is free, and whoever asks there gets to it.
# Seen: Chromium and Node's own fail without a packet: the two are among some eighty ports that the Fetch standard rules out, and that holds
# for WebSockets, too, up to 10080. It is told as a server that is away is. ws, Deno and Bun connect: a test with them says nothing of pages.
# What the browser needs of the machine is what `apt-get install chromium` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund ws@8.23.0 bun@1.4.5 deno@2.9.6 node-22@npm:node@22.23.3 node-24@npm:node@24.21.0 node-26@npm:node@26.10.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.mjs <<'JS'
import process from 'node:process';

for (const port of JSON.parse(process.argv[2])) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await new Promise((resolve) => (socket.onopen = socket.onerror = socket.onclose = resolve));
  socket.close();
}
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const WebSocket = require('ws');

(async () => {
  let asked = [];
  const ports = [];
  for (const port of [6666, 10080, 0]) {
    const server = http.createServer();
    server.on('connection', () => asked.push(port || 'another'));
    new WebSocket.WebSocketServer({ server });
    await once(server.listen(port, '127.0.0.1'), 'listening');
    ports.push(server.address().port);
  }
  const seen = async (name, run) => {
    asked = [];
    await run();
    console.log(`${name} gets to ${asked.join(', ')}`);
  };
  const program = (command, ...args) => async () => {
    const child = spawn(command, [...args, JSON.stringify(ports)], { stdio: 'ignore' });
    const stop = () => child.kill('SIGKILL');
    process.on('exit', stop);
    const late = setTimeout(stop, 10_000);
    await once(child, 'exit');
    clearTimeout(late);
    process.off('exit', stop);
  };
  for (const version of [22, 24, 26]) await seen(`Node ${version}`, program(`node_modules/node-${version}/bin/node`, 'client.mjs'));
  await seen('Deno', program('node_modules/.bin/deno', 'run', '--allow-net', 'client.mjs'));
  await seen('Bun', program('node_modules/.bin/bun', 'run', 'client.mjs'));
  await seen('ws', async () => {
    for (const port of ports) await once(new WebSocket(`ws://127.0.0.1:${port}/`), 'open');
  });
  await seen('Chromium', async () => {
    const page = `async function page() {
      for (const port of ${JSON.stringify(ports)}) {
        const socket = new WebSocket('ws://127.0.0.1:' + port + '/');
        await new Promise((resolve) => (socket.onopen = socket.onclose = resolve));
      }
      void fetch('/seen', { method: 'POST' });
    }`;
    const server = http.createServer((request, response) => {
      response.setHeader('content-type', 'text/html').end(`<!doctype html><script>(${page})()</script>`);
      if (request.method === 'POST') server.emit('seen');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const options = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--user-data-dir=profile'];
    const args = [...options, `http://127.0.0.1:${server.address().port}/`];
    const env = { ...process.env, HOME: process.cwd() };
    const browser = spawn('debian/usr/lib/chromium/chromium', args, { env, stdio: 'ignore', detached: true });
    process.on('exit', () => process.kill(-browser.pid, 'SIGKILL'));
    await once(server, 'seen');
  });
  process.exit();
})();
JS
timeout 90 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Node 22 gets to another
Node 24 gets to another
Node 26 gets to another
Deno gets to 6666, 10080, another
Bun gets to 6666, 10080, another
ws gets to 6666, 10080, another
Chromium gets to another
EXPECTED
echo 'ports: as written down'
