#!/usr/bin/env bash
# playwright-core 1.65.1 with Chromium 156 (Debian 12), routeWebSocket() for every URL: a page, a frame, a worker, a
# shared worker and a WebSocketStream open a WebSocket.
# Expected: all of them talk to the mock, as with route() for their requests.
# Seen: page and frame do. Workers and WebSocketStream talk to the real server, and the test is told nothing: the mock
# is a class in the place of the page's WebSocket, and these have another.
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
const { once } = require('node:events');
const { createServer } = require('node:http');
const { chromium } = require('playwright-core');
const { WebSocketServer } = require('ws');

const SCRIPTS = {
  '/worker.js': `new WebSocket('ws://' + location.host).onmessage = ({ data }) => postMessage(data);`,
  '/shared-worker.js': `onconnect = ({ ports: [port] }) => {
    new WebSocket('ws://' + location.host).onmessage = ({ data }) => port.postMessage(data);
  };`,
};
/** Each runs in the page, and resolves to the first message that it gets. */
const ways = {
  page: () =>
    new Promise((resolve) => {
      new WebSocket(`ws://${location.host}`).onmessage = ({ data }) => resolve(data);
    }),
  frame: () =>
    new Promise((resolve) => {
      const frame = document.body.appendChild(document.createElement('iframe'));
      frame.onload = () => {
        new frame.contentWindow.WebSocket(`ws://${location.host}`).onmessage = ({ data }) => resolve(data);
      };
      frame.src = '/frame';
    }),
  worker: () =>
    new Promise((resolve) => {
      new Worker('/worker.js').onmessage = ({ data }) => resolve(data);
    }),
  'shared worker': () =>
    new Promise((resolve) => {
      new SharedWorker('/shared-worker.js').port.onmessage = ({ data }) => resolve(data);
    }),
  WebSocketStream: async () => {
    const { readable } = await new WebSocketStream(`ws://${location.host}`).opened;
    return (await readable.getReader().read()).value;
  },
};

(async () => {
  const server = createServer((request, response) => {
    const script = SCRIPTS[request.url];
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript');
    response.end(script ?? '<!doctype html><p>');
  });
  new WebSocketServer({ server }).on('connection', (socket) => socket.send('the real server'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await chromium.launch({ executablePath: 'debian/usr/lib/chromium/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.routeWebSocket(/./, (socket) => socket.send('the mock'));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  for (const [name, way] of Object.entries(ways)) console.log(`${name}: ${await page.evaluate(way)}`);
  await browser.close();
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
page: the mock
frame: the mock
worker: the real server
shared worker: the real server
WebSocketStream: the real server
EXPECTED
echo 'playwright-core 1.65.1: as written down'
