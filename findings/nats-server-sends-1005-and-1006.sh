#!/usr/bin/env bash
# nats-server 2.9.10 (Debian 12) over WebSocket: a client that leaves its PINGs unanswered; a client that closes without a code.
# Expected: Close 1008 or 1011 for the first, as for a failed login (1008); an empty Close in return for the second.
# Seen: Close frames that carry 1006 ('Stale Connection') and 1005, codes that RFC 6455 §7.4.1 says never go over the wire. A
# strict client calls both a protocol error, and the reason is lost in it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root nats-server=2.9.10-1+b3
dpkg-deb -x nats-server_*.deb debian
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const net = require('node:net');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Opens a WebSocket, and sends this once it is open; resolves to the Close frame that comes, as hex. */
const closeFrame = (port, frames) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => setTimeout(() => resolve(closeFrame(port, frames)), 200));
    socket.write(
      'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    let received = Buffer.alloc(0);
    let isOpen = false;
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const head = received.indexOf('\r\n\r\n');
      if (!isOpen && head >= 0) {
        isOpen = true;
        received = received.subarray(head + 4);
        for (const frame of frames) socket.write(frame);
      }
      // Frames without a mask: two bytes of head up to 125 bytes, four up to 65,535.
      while (isOpen && received.length >= 4) {
        const short = received[1] < 126;
        const length = short ? received[1] : received.readUInt16BE(2);
        const whole = (short ? 2 : 4) + length;
        if (received.length < whole) return;
        if (received[0] === 0x88) {
          const payload = received.subarray(2, whole);
          socket.destroy();
          return resolve(`${payload.length < 2 ? 'none' : payload.readUInt16BE(0)} ${payload.subarray(2)}`.trim());
        }
        received = received.subarray(whole);
      }
    });
  });

/** A frame of a client, with a mask of zeros. */
const frame = (first, text = '') =>
  Buffer.concat([Buffer.from([first, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

(async () => {
  const [port, webPort] = [await freePort(), await freePort()];
  writeFileSync(
    'nats.conf',
    `listen: 127.0.0.1:${port}\nping_interval: "1s"\nping_max: 1\nwebsocket { listen: "127.0.0.1:${webPort}", no_tls: true }\n`,
  );
  const server = spawn('debian/usr/sbin/nats-server', ['-c', 'nats.conf'], { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  const hello = frame(0x82, 'CONNECT {"verbose":false}\r\n');
  console.log(`PINGs unanswered: ${await closeFrame(webPort, [hello])}`);
  console.log(`an empty Close: ${await closeFrame(webPort, [hello, frame(0x88)])}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
PINGs unanswered: 1006 Stale Connection
an empty Close: 1005
EXPECTED
echo 'nats-server 2.9.10: as written down'
