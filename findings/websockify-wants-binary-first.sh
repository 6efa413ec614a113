#!/usr/bin/env bash
# websockify 0.10.0 (Debian 12): a client offers subprotocols; one closes without a code; the target ends, and breaks off.
# Expected: 'binary' is chosen wherever it is offered, and no subprotocol where it is not; an empty Close for an empty one; 1000 when
# the target ends, another code when the connection to it is reset.
# Seen: it answers 400 unless 'binary' is the first of those offered ('chat, binary' is refused, 'binary, chat' opens). To an empty
# Close it returns 1005, a code that never goes over the wire (RFC 6455 §7.4.1): a protocol error at a strict client. When the
# target resets there is no Close frame at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root websockify=0.10.0+dfsg1-4+b1 python3-websockify=0.10.0+dfsg1-4+b1 \
  python3-numpy=1:1.24.2-1+deb12u1 python3-jwcrypto=1.1.0-1+deb12u1 python3-deprecated=1.2.13-3 python3-wrapt=1.14.1-2+b2 \
  libblas3=3.11.0-2 liblapack3=3.11.0-2 libgfortran5=12.2.0-14+deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
library="debian/usr/lib/$(uname -m)-linux-gnu"
export PYTHONPATH="$folder/debian/usr/lib/python3/dist-packages"
export LD_LIBRARY_PATH="$folder/$library:$folder/$library/blas:$folder/$library/lapack"
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A frame of a client, with a mask of zeros. */
const frame = (first, text = '') =>
  Buffer.concat([Buffer.from([first, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

/** The status of a handshake, what subprotocol it has, and the Close frame that comes when these frames are sent. */
const exchange = (port, fields, frames) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let isConnected = false;
    socket.on('error', () => isConnected || setTimeout(() => resolve(exchange(port, fields, frames)), 300));
    socket.on('connect', () => (isConnected = true));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.once('data', (bytes) => {
      socket.write(Buffer.concat(frames));
      setTimeout(() => {
        socket.destroy();
        const head = received.subarray(0, received.indexOf('\r\n\r\n')).toString();
        const close = received.subarray(head.length + 4);
        const code = close[0] !== 0x88 ? 'none' : close[1] < 2 ? 'empty' : `${close.readUInt16BE(2)} ${close.subarray(4, 2 + close[1])}`;
        resolve({ status: head.slice(9, 12), subprotocol: /sec-websocket-protocol: (.*)/i.exec(head)?.[1] ?? 'none', code: code.trim() });
      }, 1000);
    });
    socket.write(
      `GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields}\r\n`,
    );
  });

(async () => {
  const target = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => (String(bytes) === 'reset' ? socket.resetAndDestroy() : socket.end()));
  });
  await once(target.listen(0, '127.0.0.1'), 'listening');
  const port = await freePort();
  const websockify = spawn('/usr/bin/python3', ['debian/usr/bin/websockify', `127.0.0.1:${port}`, `127.0.0.1:${target.address().port}`], {
    stdio: 'ignore',
  });
  process.on('exit', () => websockify.kill());
  for (const offer of ['binary', 'binary, chat', 'chat, binary', 'chat']) {
    const { status, subprotocol } = await exchange(port, `Sec-WebSocket-Protocol: ${offer}\r\n`, []);
    console.log(`offered ${offer}: ${status}, chosen: ${subprotocol}`);
  }
  console.log(`an empty Close: ${(await exchange(port, '', [frame(0x88)])).code}`);
  console.log(`the target ends: ${(await exchange(port, '', [frame(0x82, 'end')])).code}`);
  console.log(`the target resets: ${(await exchange(port, '', [frame(0x82, 'reset')])).code}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
offered binary: 101, chosen: binary
offered binary, chat: 101, chosen: binary
offered chat, binary: 400, chosen: none
offered chat: 400, chosen: none
an empty Close: 1005
the target ends: 1000 Target closed
the target resets: none
EXPECTED
echo 'websockify 0.10.0: as written down'
