#!/usr/bin/env bash
# playwright-core 1.65.1 with Chromium 156 (Debian 12), `recordHar` and the 'websocket' events of a page: the page sends a text, an
# empty text and empty bytes, and a server echoes them; then the server ends TCP without a Close frame.
# Expected: 'framesent', 'framereceived' and the HAR's `_webSocketMessages` have all three messages each way; 'socketerror' for the loss.
# Seen: the page gets its three echoes, and Playwright tells of one message each way: empty ones are in no event and not in the HAR. The
# loss is 'close', as every end is, without a code; 'socketerror' is not called.
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
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { chromium } = require('playwright-core');
const { WebSocketServer } = require('ws');

const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<title>a page</title>');
});
new WebSocketServer({ server }).on('connection', (socket) => {
  let messages = 0;
  socket.on('message', (message, isBinary) => {
    socket.send(message, { binary: isBinary });
    if (++messages === 3) setTimeout(() => socket.terminate(), 500);
  });
});
server.listen(0, '127.0.0.1', async () => {
  const browser = await chromium.launch({ executablePath: 'debian/usr/lib/chromium/chromium', args: ['--no-sandbox'] });
  const context = await browser.newContext({ recordHar: { path: 'page.har' } });
  const page = await context.newPage();
  const events = [];
  page.on('websocket', (socket) => {
    for (const name of ['framesent', 'framereceived', 'close', 'socketerror']) socket.on(name, () => events.push(name));
  });
  await page.goto(`http://127.0.0.1:${server.address().port}`);
  const seen = await page.evaluate(async () => {
    const socket = new WebSocket(location.origin.replace('http', 'ws'));
    const lengths = [];
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => lengths.push(data.length ?? data.byteLength);
    socket.onopen = () => ['text', '', new Uint8Array()].forEach((message) => socket.send(message));
    const { code } = await new Promise((resolve) => (socket.onclose = resolve));
    return `echoes of ${lengths.join(', ')} bytes, close ${code}`;
  });
  console.log(`the page: ${seen}`);
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(`Playwright's events: ${events.join(', ')}`);
  await context.close();
  await browser.close();
  const { entries } = JSON.parse(readFileSync('page.har', 'utf8')).log;
  const { _webSocketMessages } = entries.find(({ request }) => request.url.startsWith('ws:'));
  console.log(`the HAR: ${_webSocketMessages.map(({ type, data }) => `${type} '${data}'`).join(', ')}`);
  process.exit();
});
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
the page: echoes of 4, 0, 0 bytes, close 1006
Playwright's events: framesent, framereceived, close
the HAR: send 'text', receive 'text'
EXPECTED
echo 'playwright-core 1.65.1: as written down'
