#!/usr/bin/env bash
# GTK 4.8.3's gtk4-broadwayd (Debian 12), which shows GTK programs in a browser over WebSocket: a client that offers no subprotocol
# opens; it pings with bytes; it closes with 4001.
# Expected: no subprotocol; a pong with the bytes of its ping; a Close frame in return, and the end of TCP.
# Seen: 'broadway' is chosen all the same, which a client has to take for a failed handshake; the pong is empty; nothing answers a
# Close frame, and TCP stays open, until the client ends it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libgtk-4-bin=4.8.3+ds-2+deb12u1 libglib2.0-0 libpcre2-8-0 libffi8 libmount1 libblkid1 \
  libselinux1
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
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
const frame = (first, payload = '') =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** The frames of a server in these bytes, in words. */
const frames = (bytes) => {
  const seen = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const start = rest[1] < 126 ? 2 : 4;
    const end = start + (start === 2 ? rest[1] : rest.readUInt16BE(2));
    const payload = rest.subarray(start, end);
    const name = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'Close', 9: 'ping', 10: 'pong' }[rest[0] & 0x0f];
    const code = payload.length >= 2 ? `${payload.readUInt16BE(0)} '${payload.subarray(2)}'` : 'without a code';
    seen.push(name === 'Close' ? `Close ${code}` : `${name} '${payload}'`);
    rest = rest.subarray(end);
  }
  return seen;
};

/** Opens a WebSocket, and sends these frames; resolves to the subprotocol, and what came within two seconds. */
const exchange = (port, ...sent) =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let end = 'TCP is open';
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => setTimeout(() => resolve(exchange(port, ...sent)), 100));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      socket.write(Buffer.concat(sent));
      setTimeout(() => {
        const head = received.indexOf('\r\n\r\n');
        const [field] = /sec-websocket-protocol: .*/i.exec(received.subarray(0, head)) ?? ['no subprotocol'];
        resolve([field, ...frames(received.subarray(head + 4)), end].filter(Boolean).join(', '));
        socket.destroy();
      }, 2000);
    });
    socket.write(
      'GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const options = ['--address', '127.0.0.1', '--port', port, ':57'];
  const env = { ...process.env, XDG_RUNTIME_DIR: __dirname, HOME: __dirname };
  const server = spawn('debian/usr/bin/gtk4-broadwayd', options, { stdio: 'ignore', env });
  process.on('exit', () => server.kill());
  console.log(`ping 'abc': ${await exchange(port, frame(0x89, 'abc'))}`);
  console.log(`Close 4001: ${await exchange(port, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
ping 'abc': Sec-WebSocket-Protocol: broadway, pong '', TCP is open
Close 4001: Sec-WebSocket-Protocol: broadway, TCP is open
EXPECTED
echo 'gtk4-broadwayd 4.8.3: as written down'
