#!/usr/bin/env bash
# Three messages come in one read. A handler notes each, and has a microtask note it once more, as what stands behind its `await` would be:
# the WebSocket of Chromium 156, Firefox 153 (Debian 12), Node 22.23.3, 24.21.0 and 26.10.0, Bun 1.4.5 and Deno 2.9.6, and that of ws 8.23.0.
# Expected: each event is a task of its own, as the WHATWG standard has it: what a handler awaits goes on before the next message.
# Seen: so it is in the browsers, in Bun and in Deno. In Node, with its own WebSocket as with ws, all three handlers run before anything
# behind an `await` does: an async handler that looks at what the one before has done finds it half done, at a burst, and only then.
# What the browsers need of the machine is what `apt-get install chromium firefox-esr` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1 \
  firefox-esr=153.8.0esr-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
for version in 22.23.3 24.21.0 26.10.0; do
  mkdir "$version"
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
done
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >note.js <<'JS'
/** What a handler notes, and in which order. */
function note(WebSocket, url, tell) {
  const notes = [];
  const socket = new WebSocket(url);
  socket.onmessage = async ({ data }) => {
    notes.push(data);
    await undefined;
    notes.push(`(${data})`);
    if (data === '3') setTimeout(() => tell(notes.join(' ')), 100);
  };
}
JS
cat note.js - >client.cjs <<'JS'
const [library, url] = process.argv.slice(2);
note(library === 'ws' ? require('ws') : WebSocket, url, (notes) => {
  console.log(notes);
  process.exit();
});
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { mkdirSync, readFileSync } = require('node:fs');
const http = require('node:http');

const node = (version) => [`${version}/node_modules/node/bin/node`, 'client.cjs'];
const headless = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
const clients = {
  'Chromium 156': ['debian/usr/lib/chromium/chromium', ...headless, '--user-data-dir=PROFILE', 'PAGE'],
  'Firefox 153': ['debian/usr/lib/firefox-esr/firefox-esr', '--headless', '--no-remote', '--profile', 'PROFILE', 'PAGE'],
  'Bun 1.4.5': ['node_modules/.bin/bun', 'client.cjs', 'global', 'URL'],
  'Deno 2.9.6': ['node_modules/.bin/deno', 'run', '-A', '--no-lock', 'client.cjs', 'global', 'URL'],
  'Node 22': [...node('22.23.3'), 'global', 'URL'],
  'Node 24': [...node('24.21.0'), 'global', 'URL'],
  'Node 26': [...node('26.10.0'), 'global', 'URL'],
  'ws 8.23.0': [...node('26.10.0'), 'ws', 'URL'],
};

let told;
const server = http.createServer(async (request, response) => {
  response.setHeader('content-type', 'text/html');
  const tell = "(notes) => fetch('/', { method: 'POST', body: notes })";
  response.end(`<!doctype html><script>${readFileSync('note.js')}note(WebSocket, 'ws://' + location.host, ${tell})</script>`);
  if (request.method !== 'POST') return;
  let body = '';
  for await (const chunk of request) body += chunk;
  told(body);
});
server.on('upgrade', ({ headers }, socket) => {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.on('error', () => {});
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const texts = Buffer.from([0x81, 1, 0x31, 0x81, 1, 0x32, 0x81, 1, 0x33]);
  setTimeout(() => socket.write(texts), 500);
});
server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  for (const [name, command] of Object.entries(clients)) {
    const profile = `${process.cwd()}/${name.replace(' ', '-')}`;
    mkdirSync(profile);
    const words = { PROFILE: profile, PAGE: `http://127.0.0.1:${port}/`, URL: `ws://127.0.0.1:${port}/` };
    const args = command.slice(1).map((word) => word.replace(/PROFILE|PAGE|URL/, (key) => words[key]));
    const options = { env: { ...process.env, HOME: profile }, stdio: ['ignore', 'pipe', 'ignore'], detached: true };
    const client = spawn(command[0], args, options);
    const end = () => {
      try {
        process.kill(-client.pid, 'SIGKILL');
      } catch {}
    };
    process.on('exit', end);
    const notes = new Promise((resolve) => (told = resolve));
    if (command.includes('client.cjs')) client.stdout.on('data', (bytes) => told(`${bytes}`.trim()));
    console.log(`${name}: ${await notes}`);
    end();
  }
  process.exit();
});
setTimeout(() => process.exit(1), 90_000);
JS
node run.cjs | tee seen
diff - seen <<'EXPECTED'
Chromium 156: 1 (1) 2 (2) 3 (3)
Firefox 153: 1 (1) 2 (2) 3 (3)
Bun 1.4.5: 1 (1) 2 (2) 3 (3)
Deno 2.9.6: 1 (1) 2 (2) 3 (3)
Node 22: 1 2 3 (1) (2) (3)
Node 24: 1 2 3 (1) (2) (3)
Node 26: 1 2 3 (1) (2) (3)
ws 8.23.0: 1 2 3 (1) (2) (3)
EXPECTED
echo 'Node 22.23.3, 24.21.0 and 26.10.0, ws 8.23.0: as written down'
