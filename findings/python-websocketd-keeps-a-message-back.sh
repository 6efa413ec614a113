#!/usr/bin/env bash
# python3-websocketd 0.5 (Debian 12), an Httpd that echoes: a text in two frames, sent in two pieces of TCP and in one; a ping between
# the two; a Close frame with a code.
# Expected: one message, at once, each time, and a pong; 4001 comes back.
# Seen: frames that come in one piece are handled up to the first that is no end of a message: what is behind it waits until the client
# sends something more. It waits for good where the client waits for the answer. A ping between the two ends TCP, and the Close frame
# in return is empty.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-websocketd=0.5-1 python3-network=0.4-1 python3-fhs=1.2-1
for package in *.deb; do dpkg-deb -x "$package" debian; done
export PYTHONPATH="$folder/debian/usr/lib/python3/dist-packages"
cat >server.py <<'PYTHON'
import sys
import websocketd

server = websocketd.Httpd(sys.argv[1], lambda socket, text: socket._websocket_send(text), address='127.0.0.1')
websocketd.fgloop()
PYTHON
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

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** Opens a WebSocket, and sends these pieces, 700 ms apart; resolves to what came, in its order with what was sent. */
const exchange = (port, ...pieces) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const seen = [];
    let head = '';
    socket.on('error', ({ code }) => code === 'ECONNREFUSED' && setTimeout(() => resolve(exchange(port, ...pieces)), 200));
    socket.on('end', () => seen.push('TCP ends'));
    socket.on('data', (bytes) => {
      if (!head.endsWith('\r\n\r\n')) {
        head += bytes;
        if (!head.endsWith('\r\n\r\n')) return;
        pieces.forEach((each, index) =>
          setTimeout(() => {
            seen.push(`> piece ${index + 1}`);
            socket.write(each);
          }, index * 700),
        );
        setTimeout(() => {
          resolve(seen.join(', '));
          socket.destroy();
        }, pieces.length * 700);
        return;
      }
      for (let rest = bytes; rest.length >= 2; rest = rest.subarray(2 + rest[1])) {
        const payload = rest.subarray(2, 2 + rest[1]);
        seen.push({ 0x81: `'${payload}'`, 0x88: `Close of ${payload.length} bytes`, 0x8a: `pong '${payload}'` }[rest[0]]);
      }
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const server = spawn('/usr/bin/python3', ['server.py', port], { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  const [first, last] = [frame(0x01, 'Hel'), frame(0x80, 'lo')];
  const together = Buffer.concat([first, last]);
  console.log(`two pieces: ${await exchange(port, first, last)}`);
  console.log(`one piece: ${await exchange(port, together)}`);
  console.log(`one piece, and a ping: ${await exchange(port, together, frame(0x89, 'ping'))}`);
  console.log(`a ping between: ${await exchange(port, first, frame(0x89, 'ping'))}`);
  console.log(`Close 4001: ${await exchange(port, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
two pieces: > piece 1, > piece 2, 'Hello'
one piece: > piece 1
one piece, and a ping: > piece 1, > piece 2, 'Hello', pong 'ping'
a ping between: > piece 1, > piece 2, TCP ends
Close 4001: > piece 1, Close of 0 bytes, TCP ends
EXPECTED
echo 'python3-websocketd 0.5: as written down'
