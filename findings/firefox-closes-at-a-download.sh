#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): in a page that has a WebSocket open, the user follows a link that leaves the page where it is:
# to a file that is to be saved (Content-Disposition: attachment), to a 204, to a mail address; one with `download`; then window.stop().
# Expected: the page stays, and its WebSocket with it.
# Seen: so it is in Chromium. Firefox closes it with 1001 at the link to the file, at the 204 and at stop(): 'close' at a page that is still
# there, clean, and with the code that tells a server of a page that has gone. The mail address and `download` leave it open.
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
  const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const follow = (href, download) => () => Object.assign(document.createElement('a'), { href, ...(download && { download }) }).click();
  const seen = [];
  const then = async (name, action) => {
    const socket = new WebSocket(`ws://${location.host}/`);
    await new Promise((resolve) => (socket.onopen = resolve));
    let end = 'open';
    socket.onclose = ({ code, wasClean }) => (end = `${code}${wasClean ? ', clean' : ''}`);
    action();
    await wait(1500);
    seen.push(`${name}: ${end}`);
    socket.close();
  };
  await then('a file', follow('/file'));
  await then('204', follow('/204'));
  await then('mail', follow('mailto:someone@example.org'));
  await then('download', follow('/file', 'file'));
  await then('stop()', () => window.stop());
  void fetch('/seen', { method: 'POST', body: seen.join('; ') });
}

(async () => {
  const server = http.createServer(async (request, response) => {
    if (request.url === '/file') return response.setHeader('content-disposition', 'attachment; filename=file.bin').end('a file');
    if (request.url === '/204') return response.writeHead(204).end();
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>(${page})()</script>`);
    if (request.method !== 'POST') return;
    let seen = '';
    for await (const chunk of request) seen += chunk;
    console.log(`${name}: ${seen}`);
    process.exit();
  });
  new WebSocketServer({ server });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = `${process.cwd()}/profile-${name}`;
  mkdirSync(profile);
  const args = command.slice(1).map((word) => word.replace('PROFILE', profile));
  const env = { ...process.env, HOME: profile };
  const address = `http://127.0.0.1:${server.address().port}/`;
  const browser = spawn(command[0], [...args, address], { env, stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-browser.pid, 'SIGKILL'));
  setTimeout(() => process.exit(1), 60_000);
})();
JS
{
  node run.cjs Chromium debian/usr/lib/chromium/chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --user-data-dir=PROFILE
  node run.cjs Firefox debian/usr/lib/firefox-esr/firefox-esr --headless --no-remote --profile PROFILE
} | tee seen
diff - seen <<'EXPECTED'
Chromium: a file: open; 204: open; mail: open; download: open; stop(): open
Firefox: a file: 1001, clean; 204: 1001, clean; mail: open; download: open; stop(): 1001, clean
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
