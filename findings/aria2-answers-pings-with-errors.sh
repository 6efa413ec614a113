#!/usr/bin/env bash
# aria2 1.36.0 (Debian 12), JSON-RPC over WebSocket: a ping, an unsolicited pong, and a ping between the two frames of a request.
# Expected: a pong with the bytes of its ping, nothing for a pong, and the answer to the request.
# Seen: so it is, and with each of the three comes a text: a JSON-RPC error for a request without an id, -32600. What a
# control frame brings is taken for a request, too. A client that keeps its connection alive with pings is sent an error each
# time, which belongs to no call; so is one that sends pongs unasked, as RFC 6455 §5.5.3 allows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root aria2=1.36.0-1 libaria2-0=1.36.0-1 libc-ares2=1.18.1-3
for package in *.deb; do dpkg-deb -x "$package" debian; done
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
debian/usr/bin/aria2c --version | sed -n 's/^aria2 version /aria2 /p' | tee seen
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const net = require('node:net');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A frame of a client, with a mask of zeros. */
const frame = (first, text) =>
  Buffer.concat([Buffer.from([first, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

const open = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => setTimeout(() => resolve(open(port)), 200));
    socket.on('connect', () =>
      socket.write(
        'GET /jsonrpc HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      ),
    );
    socket.once('data', () => resolve(socket));
  });

/** What comes within a second: frames without a mask, short ones. */
const answers = (socket, frames) =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const take = (bytes) => (received = Buffer.concat([received, bytes]));
    socket.on('data', take);
    socket.write(Buffer.concat(frames));
    setTimeout(() => {
      socket.off('data', take);
      const seen = [];
      while (received.length >= 2) {
        const start = received[1] < 126 ? 2 : 4;
        const end = start + (start === 2 ? received[1] : received.readUInt16BE(2));
        const text = received.subarray(start, end).toString();
        if (received[0] === 0x8a) seen.push(`pong '${text}'`);
        else {
          const { id, error } = JSON.parse(text);
          seen.push(error === undefined ? `answer to ${id}` : `error ${error.code} to ${id}`);
        }
        received = received.subarray(end);
      }
      resolve(seen.join(', ') || 'nothing');
    }, 1000);
  });

(async () => {
  const port = await freePort();
  const aria2 = spawn('debian/usr/bin/aria2c', ['--no-conf', '--enable-rpc', `--rpc-listen-port=${port}`, '--quiet']);
  process.on('exit', () => aria2.kill());
  const socket = await open(port);
  const request = '{"jsonrpc":"2.0","id":"1","method":"aria2.getSessionInfo"}';
  console.log(`a request: ${await answers(socket, [frame(0x81, request)])}`);
  console.log(`in two frames: ${await answers(socket, [frame(0x01, '{'), frame(0x80, request.slice(1))])}`);
  console.log(`a ping: ${await answers(socket, [frame(0x89, 'p')])}`);
  console.log(`a pong: ${await answers(socket, [frame(0x8a, 'p')])}`);
  const between = [frame(0x01, '{'), frame(0x89, 'p'), frame(0x80, request.slice(1))];
  console.log(`a ping between two frames: ${await answers(socket, between)}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee -a seen
diff - seen <<'EXPECTED'
aria2 1.36.0
a request: answer to 1
in two frames: answer to 1
a ping: pong 'p', error -32600 to null
a pong: error -32600 to null
a ping between two frames: pong 'p', error -32600 to null, answer to 1
EXPECTED
echo 'aria2 1.36.0: as written down'
