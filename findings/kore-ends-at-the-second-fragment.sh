#!/usr/bin/env bash
# Kore 4.1.0 (Debian 12), kore_websocket_handshake() and an application that echoes: a client sends a text in one frame, in two, and one
# of 20,000 bytes.
# Expected: two frames are one message; a code with a Close frame that ends a connection for a cause (1003, 1009).
# Seen: the first of the two is handed over as a whole text; at the second comes a Close frame without a code. So does one at the
# 20,000 bytes, as 16,384 are its limit: nothing tells the client which of its messages was at fault, or why.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root kore=4.1.0-6+b1 libpq5 libldap-2.5-0 libsasl2-2 libssl-dev libpq-dev
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
cat >application.c <<'C'
#include <kore/kore.h>
#include <kore/http.h>

void on_connect(struct connection *c) {}
void on_disconnect(struct connection *c) {}
void on_message(struct connection *c, u_int8_t opcode, void *bytes, size_t length) { kore_websocket_send(c, opcode, bytes, length); }

int page(struct http_request *request) {
  kore_websocket_handshake(request, "on_connect", "on_message", "on_disconnect");
  return KORE_RESULT_OK;
}
C
cc -w -shared -fPIC -Idebian/usr/include "-Idebian/usr/include/$architecture" -o application.so application.c
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture"
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

/** Opens a WebSocket, and sends this; resolves to what came within a second. */
const exchange = (port, ...sent) =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let end = '';
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', ({ code }) => code === 'ECONNREFUSED' && setTimeout(() => resolve(exchange(port, ...sent)), 200));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      socket.write(Buffer.concat(sent));
      setTimeout(() => {
        resolve([...frames(received.subarray(received.indexOf('\r\n\r\n') + 4)), end].filter(Boolean).join(', '));
        socket.destroy();
      }, 1000);
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  writeFileSync(
    'kore.conf',
    `server plain {\n bind 127.0.0.1 ${port}\n tls no\n}\nload ./application.so\nworkers 1\n` +
      'domain * {\n attach plain\n route / page\n}\n',
  );
  const server = spawn('debian/usr/bin/kore', ['-nrf', '-c', 'kore.conf'], { stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-server.pid, 'SIGKILL'));
  const large = Buffer.alloc(20008, 'x');
  large.set([0x81, 0xfe, 0x4e, 0x20, 0, 0, 0, 0]);
  console.log(`one frame: ${await exchange(port, frame(0x81, 'Hello'))}`);
  console.log(`two frames: ${await exchange(port, frame(0x01, 'Hel'), frame(0x80, 'lo'))}`);
  console.log(`20,000 bytes: ${await exchange(port, large)}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
one frame: text 'Hello'
two frames: text 'Hel', Close without a code, TCP ends
20,000 bytes: Close without a code, TCP ends
EXPECTED
echo 'Kore 4.1.0: as written down'
