#!/usr/bin/env bash
# nng 1.5.2 (Debian 12), nngcat as a server of the pattern bus over ws: a client offers its subprotocol alone, and beside another one;
# it sends bytes and a text, and closes with 4001.
# Expected: its subprotocol is chosen from two; a Close frame in return.
# Seen: 400 unless the field is its name and nothing else, however it is ordered. A Close frame is answered by the end of TCP: 1006 at
# every client that closes. A text is Close 1003.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root nng-utils=1.5.2-2 libnng1=1.5.2-2 libmbedtls14 libmbedx509-1 libmbedcrypto7
for package in *.deb; do dpkg-deb -x "$package" debian; done
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const net = require('node:net');
const { WebSocket } = require('ws');

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

(async () => {
  const url = `ws://127.0.0.1:${await freePort()}/bus`;
  const nngcat = spawn('debian/usr/bin/nngcat', ['--bus', '--listen', url, '--data', 'hello', '--quoted'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  process.on('exit', () => nngcat.kill());
  let printed = '';
  nngcat.stdout.on('data', (bytes) => (printed += bytes));
  await later(1000);

  /** Opens a WebSocket, acts, and says what came of it. */
  const meet = async (name, protocols, act) => {
    printed = '';
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false });
    const seen = [];
    socket.on('open', () => {
      seen.push(`${socket.protocol} is chosen`);
      act?.(socket);
    });
    socket.on('unexpected-response', (_, { statusCode }) => seen.push(`${statusCode}`));
    socket.on('close', (code) => seen.push(`close ${code}`));
    socket.on('error', () => {});
    await later(1000);
    if (printed) seen.push(`it prints ${printed.trim()}`);
    console.log(`${name}: ${seen.join(', ')}`);
    socket.terminate();
  };
  await meet('alone, and bytes', ['bus.sp.nanomsg.org'], (socket) => socket.send(Buffer.from('Hello')));
  await meet('first of two', ['bus.sp.nanomsg.org', 'a.example']);
  await meet('second of two', ['a.example', 'bus.sp.nanomsg.org']);
  await meet('a text', ['bus.sp.nanomsg.org'], (socket) => socket.send('Hello'));
  await meet('close(4001)', ['bus.sp.nanomsg.org'], (socket) => socket.close(4001));
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
alone, and bytes: bus.sp.nanomsg.org is chosen, it prints "Hello"
first of two: 400
second of two: 400
a text: bus.sp.nanomsg.org is chosen, close 1003
close(4001): bus.sp.nanomsg.org is chosen, close 1006
EXPECTED
echo 'nng 1.5.2: as written down'
