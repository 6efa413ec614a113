#!/usr/bin/env bash
# QEMU 7.2 (Debian 12), VNC over WebSocket: a ping with the next frame right behind it, in one segment.
# Expected: a pong with the bytes of the ping, and the next frame as if it had come later.
# Seen: the pong has the bytes of the ping and everything else that had come by then, heads and masks of frames included; the next
# message is read all the same, the next ping has no pong of its own. A client that looks for its bytes in the pong takes its
# ping for lost, and a pong above 125 bytes is no valid frame.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3 \
  qemu-system-common=1:7.2+dfsg-7+deb12u18+b3 qemu-system-data=1:7.2+dfsg-7+deb12u18 seabios libaio1 libcapstone4 libdaxctl1 libfdt1 libfuse3-3 libibverbs1 libndctl6 \
  libnl-3-200 libnl-route-3-200 libpmem1 librdmacm1 libslirp0 liburing2 libvdeplug2
for package in *.deb; do dpkg-deb -x "$package" debian; done
machine="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$machine:$folder/debian/lib/$machine"
debian/usr/bin/qemu-system-x86_64 --version | sed -n 's/^QEMU emulator version \([0-9.]*\).*/QEMU \1/p' | tee seen
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

/** Sends a handshake, and each of these in a segment of its own; resolves to what came: frames without a mask. */
const exchange = (port, segments) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let isConnected = false;
    socket.on('error', () => isConnected || setTimeout(() => resolve(exchange(port, segments)), 200));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('connect', async () => {
      isConnected = true;
      socket.setNoDelay();
      socket.write(
        `GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      );
      for (const segment of [...segments, Buffer.alloc(0)]) {
        await new Promise((next) => setTimeout(next, 700));
        socket.write(segment);
      }
      socket.destroy();
      const seen = [];
      let rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
      for (; rest.length >= 2; rest = rest.subarray(2 + rest[1])) {
        const text = JSON.stringify(rest.subarray(2, 2 + rest[1]).toString('latin1'));
        seen.push(`${{ 0x82: 'bytes', 0x8a: 'pong', 0x88: 'Close' }[rest[0]]} ${text}`);
      }
      resolve(seen.join(', '));
    });
  });

(async () => {
  const port = await freePort();
  const share = ['-L', 'debian/usr/share/qemu', '-L', 'debian/usr/share/seabios'];
  const qemu = spawn(
    'debian/usr/bin/qemu-system-x86_64',
    ['-display', 'none', '-machine', 'none', ...share, '-vnc', `127.0.0.1:0,to=99,websocket=${port}`],
    { stdio: 'ignore' },
  );
  process.on('exit', () => qemu.kill());
  const [ping, hello] = [frame(0x89, 'a ping'), frame(0x82, 'RFB 003.008\n')];
  console.log(`a ping, and a message later: ${await exchange(port, [ping, hello])}`);
  console.log(`a ping and a message: ${await exchange(port, [Buffer.concat([ping, hello])])}`);
  console.log(`two pings: ${await exchange(port, [Buffer.concat([ping, frame(0x89, 'another')])])}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee -a seen
diff - seen <<'EXPECTED'
QEMU 7.2.22
a ping, and a message later: bytes "RFB 003.008\n", pong "a ping", bytes "\u0001\u0001"
a ping and a message: bytes "RFB 003.008\n", pong "a ping\u0000\u0000\u0000\u0000RFB 003.008\n", bytes "\u0001\u0001"
two pings: bytes "RFB 003.008\n", pong "a ping\u0000\u0000\u0000\u0000another"
EXPECTED
echo 'QEMU 7.2: as written down'
