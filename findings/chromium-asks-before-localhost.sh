#!/usr/bin/env bash
# Chromium 156 (Debian 12): a page of a public address opens a WebSocket on localhost, as pages do that talk to a program of their user's.
# The page is served with `Content-Security-Policy: treat-as-public-address`, which stands in for the public address.
# Expected: it opens, if the server takes its Origin; or a question to the server, as the preflight of Private Network Access was one.
# Seen: it takes a permission of the user's: while it is not given, 'error' and 1006, as for a server that is away, and the server gets no
# request, only a TCP connection. `local-network-access`, the one that was first, is not enough: `loopback-network` is the one.
# What the browser needs of the machine is what `apt-get install chromium` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { existsSync, mkdirSync, readFileSync } = require('node:fs');
const http = require('node:http');
const { setTimeout: wait } = require('node:timers/promises');
const { WebSocket, WebSocketServer } = require('ws');

const expression = (port) => `new Promise((resolve) => {
  const socket = new WebSocket('ws://localhost:${port}/');
  socket.onopen = () => resolve('open');
  socket.onclose = ({ code }) => resolve('close ' + code);
  setTimeout(() => resolve('readyState ' + socket.readyState), 3000);
})`;

(async () => {
  const server = http.createServer((_, response) => {
    response.setHeader('content-type', 'text/html').setHeader('content-security-policy', 'treat-as-public-address').end('<!doctype html>');
  });
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  let requests = 0;
  sockets.on('connection', () => (requests += 1));
  await once(sockets, 'listening');
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const profile = `${process.cwd()}/profile`;
  mkdirSync(profile);
  const options = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--remote-debugging-port=0'];
  const args = [...options, `--user-data-dir=${profile}`, 'about:blank'];
  const env = { ...process.env, HOME: profile };
  const browser = spawn('debian/usr/lib/chromium/chromium', args, { env, stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-browser.pid, 'SIGKILL'));
  while (!existsSync(`${profile}/DevToolsActivePort`)) await wait(100);
  await wait(300);
  const [debugPort, path] = readFileSync(`${profile}/DevToolsActivePort`, 'utf8').split('\n');
  const devtools = new WebSocket(`ws://127.0.0.1:${debugPort}${path}`);
  await once(devtools, 'open');
  const calls = new Map();
  devtools.on('message', (text) => {
    const { id, result } = JSON.parse(text);
    calls.get(id)?.(result);
  });
  const call = (method, params, sessionId) =>
    new Promise((resolve) => {
      const id = calls.size + 1;
      calls.set(id, resolve);
      devtools.send(JSON.stringify({ id, method, params, sessionId }));
    });
  const { targetId } = await call('Target.createTarget', { url: `http://127.0.0.1:${server.address().port}/` });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  await wait(1000);
  const seen = async (name) => {
    const before = requests;
    const { result } = await call('Runtime.evaluate', { expression: expression(sockets.address().port), awaitPromise: true }, sessionId);
    console.log(`${name}: ${result.value}, requests: ${requests - before}`);
  };
  const permit = (name) => call('Browser.setPermission', { permission: { name }, setting: 'granted' });
  await seen('nothing is granted');
  await permit('local-network-access');
  await seen('local-network-access is');
  await permit('loopback-network');
  await seen('loopback-network is');
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
nothing is granted: close 1006, requests: 0
local-network-access is: close 1006, requests: 0
loopback-network is: open, requests: 1
EXPECTED
echo 'Chromium 156: as written down'
