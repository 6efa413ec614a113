#!/usr/bin/env bash
# Chromium 156 (Debian 12), driven by playwright-core 1.65.1: a page with an open WebSocket, and `context.setOffline(true)`, which
# tests use to see an application without a network.
# Expected: 'close' with 1006 while it is offline, or once the server's pings are left unanswered.
# Seen: readyState stays 1 and bufferedAmount 0, nothing is told, and pings are answered, so that a server that looks for dead
# connections finds none. Once it is online all comes that was sent meanwhile, both ways: nothing was lost, and no code that
# connects again has run. New connections are refused.
# What Chromium needs of the machine is what `apt-get install chromium` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 \
  chromium-common=156.0.8078.114-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund playwright-core@1.65.1 ws@8.23.0
cat >run.cjs <<'JS'
const { createServer } = require('node:http');
const { chromium } = require('playwright-core');
const { WebSocketServer } = require('ws');

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<title>a page</title>');
});
const received = [];
let socket;
new WebSocketServer({ server }).on('connection', (opened) => {
  socket = opened;
  socket.on('message', (message) => received.push(String(message)));
  socket.on('pong', () => received.push('a pong'));
});
server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({ executablePath: 'debian/usr/lib/chromium/chromium', args: ['--no-sandbox'] });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(async () => {
    window.events = [];
    window.socket = new WebSocket(location.origin.replace('http', 'ws'));
    for (const type of ['error', 'close']) socket.addEventListener(type, () => events.push(type));
    socket.addEventListener('message', ({ data }) => events.push(data));
    await new Promise((resolve) => socket.addEventListener('open', resolve));
  });
  const state = () =>
    page.evaluate(
      () => `readyState ${socket.readyState}, bufferedAmount ${socket.bufferedAmount}, events: ${events.splice(0).join(', ') || 'none'}`,
    );
  const atServer = () => received.splice(0).join(', ') || 'nothing';

  await context.setOffline(true);
  await page.evaluate(() => socket.send('from the page'));
  // The ping first: once a message waits for the page, the browser may read no further.
  socket.ping();
  await later(1000);
  socket.send('from the server');
  await later(2000);
  console.log(`offline, the page: ${await state()}; the server got: ${atServer()}`);
  await context.setOffline(false);
  await later(3000);
  console.log(`online, the page: ${await state()}; the server got: ${atServer()}`);

  await context.setOffline(true);
  const refused = await page.evaluate(
    () => new Promise((resolve) => (new WebSocket(location.origin.replace('http', 'ws')).onclose = ({ code }) => resolve(code))),
  );
  console.log(`offline, a new one: ${refused}`);
  await browser.close();
  process.exit();
});
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
offline, the page: readyState 1, bufferedAmount 0, events: none; the server got: a pong
online, the page: readyState 1, bufferedAmount 0, events: from the server; the server got: from the page
offline, a new one: 1006
EXPECTED
echo 'Chromium 156: as written down'
