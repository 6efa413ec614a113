#!/usr/bin/env bash
# LibVNCServer 0.9.14 (Debian 12), which takes WebSockets on the port of its VNC: a client opens without
# an Origin, and with one; it pings; it closes with 4001.
# Expected: it opens both ways, as RFC 6455 asks browsers alone for an Origin; a pong, and a Close frame in return.
# Seen: without an Origin TCP ends, without an HTTP response. Pings are never answered: a client that ends a silent connection
# loses it. A Close frame is answered by the end of TCP alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libvncserver1=0.9.14+dfsg-1+deb12u2 libvncserver-dev=0.9.14+dfsg-1+deb12u2 liblzo2-2 \
  libjpeg62-turbo libpng16-16 libgnutls30 libgcrypt20 libgpg-error0 libp11-kit0 libidn2-0 libunistring2 libtasn1-6 libnettle8 \
  libhogweed6 libgmp10 libffi8 libsasl2-2 zlib1g-dev libjpeg62-turbo-dev
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
library="debian/usr/lib/$architecture"
export LD_LIBRARY_PATH="$folder/$library:$folder/debian/lib/$architecture"
cat >server.c <<'C'
#include <rfb/rfb.h>
#include <stdlib.h>

int main(int count, char **arguments) {
  rfbScreenInfoPtr screen = rfbGetScreen(&count, arguments, 64, 64, 8, 3, 4);
  screen->frameBuffer = malloc(64 * 64 * 4);
  screen->port = atoi(arguments[1]);
  screen->ipv6port = -1;
  screen->listenInterface = htonl(INADDR_LOOPBACK);
  rfbInitServer(screen);
  rfbRunEventLoop(screen, 40000, FALSE);
}
C
LD_LIBRARY_PATH='' cc -Idebian/usr/include "-Idebian/usr/include/$architecture" server.c -o server "-L$library" -lvncserver \
  "-Wl,-rpath-link,$library:debian/lib/$architecture"
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

/** Opens a WebSocket with these further fields, and sends these frames; resolves to what came within a second. */
const exchange = (port, fields, ...sent) =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let end = '';
    const socket = net.connect(port, '127.0.0.1', () => {
      setTimeout(() => socket.write(Buffer.concat(sent)), 500);
      setTimeout(() => {
        const head = received.indexOf('\r\n\r\n');
        const status = head < 0 ? 'no response' : `${received.subarray(9, 12)}`;
        resolve([status, ...(head < 0 ? [] : frames(received.subarray(head + 4))), end].filter(Boolean).join(', ').replace('\n', ''));
        socket.destroy();
      }, 1500);
    });
    socket.on('error', ({ code }) => code === 'ECONNREFUSED' && setTimeout(() => resolve(exchange(port, fields, ...sent)), 100));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${fields}` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: binary\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const server = spawn('./server', [port], { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  const origin = 'Origin: http://127.0.0.1\r\n';
  console.log(`no Origin: ${await exchange(port, '')}`);
  console.log(`a ping: ${await exchange(port, origin, frame(0x89, 'abc'))}`);
  console.log(`Close 4001: ${await exchange(port, origin, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
no Origin: no response, TCP ends
a ping: 101, binary 'RFB 003.008'
Close 4001: 101, binary 'RFB 003.008', TCP ends
EXPECTED
echo 'LibVNCServer 0.9.14: as written down'
