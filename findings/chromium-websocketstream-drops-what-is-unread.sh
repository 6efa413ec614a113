#!/usr/bin/env bash
# WebSocketStream in Chromium 156 (Debian 12) and in undici 8.13.1: a server sends ten texts and a Close frame, 4005; the page reads them
# by `for await`, and takes 200 ms for each.
# Expected: ten texts, and `closed` with 4005: a stream holds what its reader has not taken yet, and the end was clean.
# Seen: undici does so. In Chromium what is unread when the Close frame comes is gone: the reader gets one text, `closed` is fulfilled with
# 4005, and the loop ends without an error, as if that had been all. Only a reader that is never behind gets every text.
# What Chromium needs of the machine is what `apt-get install chromium` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund node@26.10.0 playwright-core@1.65.1 undici@8.13.1 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { createServer } = require('node:http');
const { chromium } = require('playwright-core');
const undici = require('undici');
const { WebSocketServer } = require('ws');

/** Reads all that comes, and takes this long for each text. */
async function read({ url, pause, WebSocketStream = globalThis.WebSocketStream }) {
  const stream = new WebSocketStream(url);
  const { readable } = await stream.opened;
  const texts = [];
  for await (const text of readable) {
    texts.push(text);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const { closeCode } = await stream.closed;
  return `${texts.join(' ')}; closed ${closeCode}`;
}

(async () => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html>');
  });
  new WebSocketServer({ server }).on('connection', (socket) => {
    for (let index = 0; index < 10; index += 1) socket.send(`${index}`);
    socket.close(4005);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const browser = await chromium.launch({ executablePath: 'debian/usr/lib/chromium/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  const url = `ws://127.0.0.1:${port}/`;
  console.log(`undici: ${await read({ url, pause: 200, WebSocketStream: undici.WebSocketStream })}`);
  console.log(`Chromium: ${await page.evaluate(read, { url, pause: 200 })}`);
  await browser.close();
  process.exit();
})();
JS
timeout 120 node_modules/node/bin/node --no-warnings run.cjs | tee seen
diff - seen <<'EXPECTED'
undici: 0 1 2 3 4 5 6 7 8 9; closed 4005
Chromium: 0; closed 4005
EXPECTED
echo 'Chromium 156 and undici 8.13.1: as written down'
