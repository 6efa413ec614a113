#!/usr/bin/env bash
# Chromium 156 and Firefox 153 (Debian 12): a server sends three messages and a Close frame in one go; the page answers each in
# its `onmessage`.
# Expected: while `readyState` is OPEN, what `send` is given leaves before the closing handshake is over.
# Seen: both pages get all three messages in the state OPEN (1), and `send` throws nothing; Firefox sends the three answers,
# Chromium none. Its page is told of a clean close, and bufferedAmount is 0: nothing says that they were lost.
# What the browsers need of the machine is what `apt-get install chromium firefox-esr` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root chromium=156.0.8078.114-1~deb12u1 chromium-common=156.0.8078.114-1~deb12u1 \
  firefox-esr=153.8.0esr-1~deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const http = require('node:http');
const { mkdirSync } = require('node:fs');

const [name, ...command] = process.argv.slice(2);
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Runs in the page. */
function page() {
  const socket = new WebSocket(`ws://${location.host}`);
  const states = [];
  socket.onmessage = ({ data }) => {
    states.push(socket.readyState);
    socket.send(data);
  };
  socket.onclose = ({ code, wasClean }) => {
    const body = `states ${states}, close ${code}, clean ${wasClean}, bufferedAmount ${socket.bufferedAmount}`;
    void fetch('/seen', { method: 'POST', body });
  };
}

let answers = 0;
const server = http.createServer(async (request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end(`<!doctype html><script>(${page})()</script>`);
  if (request.method !== 'POST') return;
  let seen = '';
  for await (const chunk of request) seen += chunk;
  console.log(`${name}: ${seen}; answers that came: ${answers}`);
  process.exit();
});
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + GUID).digest('base64');
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    for (let at = 0; at < bytes.length; at += 6 + (bytes[at + 1] & 127)) answers += Number((bytes[at] & 15) === 1);
  });
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const text = (word) => Buffer.concat([Buffer.from([0x81, word.length]), Buffer.from(word)]);
  const close = Buffer.from([0x88, 2, 0x03, 0xe8]);
  setTimeout(() => socket.write(Buffer.concat([text('one'), text('two'), text('three'), close])), 500);
});
server.listen(0, '127.0.0.1', () => {
  const profile = `${process.cwd()}/profile-${name}`;
  mkdirSync(profile);
  const address = `http://127.0.0.1:${server.address().port}/`;
  const args = command.slice(1).map((word) => word.replace('PROFILE', profile));
  const env = { ...process.env, HOME: profile };
  const browser = spawn(command[0], [...args, address], { env, stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-browser.pid, 'SIGKILL'));
});
setTimeout(() => process.exit(1), 60_000);
JS
{
  node run.cjs Chromium debian/usr/lib/chromium/chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --user-data-dir=PROFILE
  node run.cjs Firefox debian/usr/lib/firefox-esr/firefox-esr --headless --no-remote --profile PROFILE
} | tee seen
diff - seen <<'EXPECTED'
Chromium: states 1,1,1, close 1000, clean true, bufferedAmount 0; answers that came: 0
Firefox: states 1,1,1, close 1000, clean true, bufferedAmount 0; answers that came: 3
EXPECTED
echo 'Chromium 156 and Firefox 153: as written down'
