#!/usr/bin/env bash
# jsdom 31.0.1, happy-dom 21.0.4 and Chromium 156 (Debian 12): a page opens `new WebSocket('/chat')`, and one of an
# http: URL.
# Expected: both connect, as the WHATWG standard has had it since 2023.
# Seen: Chromium does. The windows of jsdom and happy-dom throw a SyntaxError for either: a page that is right fails its
# tests.
# What Chromium needs of the machine is what `apt-get install chromium` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 \
  chromium-common=156.0.8078.114-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund happy-dom@21.0.4 jsdom@31.0.1 node@26.10.0 playwright-core@1.65.1 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { createServer } = require('node:http');
const { Window } = require('happy-dom');
const { JSDOM } = require('jsdom');
const { chromium } = require('playwright-core');
const { WebSocketServer } = require('ws');

/** Opens a WebSocket of this URL by this class, that of the page it runs in where none is given. */
const open = ({ url, WebSocket = globalThis.WebSocket }) =>
  new Promise((resolve) => {
    try {
      const socket = new WebSocket(url);
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('error');
    } catch (error) {
      resolve(error.name);
    }
  });

(async () => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html>');
  });
  new WebSocketServer({ server });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({ executablePath: 'debian/usr/lib/chromium/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage();
  await page.goto(origin);
  const { WebSocket: OfJsdom } = new JSDOM('', { url: origin }).window;
  const { WebSocket: OfHappyDom } = new Window({ url: origin });
  for (const [what, url] of Object.entries({ '/chat': '/chat', 'http:': `${origin}/chat` })) {
    console.log(`${what} in Chromium: ${await page.evaluate(open, { url })}`);
    console.log(`${what} in jsdom: ${await open({ url, WebSocket: OfJsdom })}`);
    console.log(`${what} in happy-dom: ${await open({ url, WebSocket: OfHappyDom })}`);
  }
  await browser.close();
  process.exit();
})();
JS
timeout 120 node_modules/node/bin/node run.cjs | tee seen
diff - seen <<'EXPECTED'
/chat in Chromium: open
/chat in jsdom: SyntaxError
/chat in happy-dom: SyntaxError
http: in Chromium: open
http: in jsdom: SyntaxError
http: in happy-dom: SyntaxError
EXPECTED
echo 'jsdom 31.0.1, happy-dom 21.0.4: as written down'
