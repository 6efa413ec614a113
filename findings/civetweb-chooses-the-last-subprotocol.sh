#!/usr/bin/env bash
# CivetWeb 1.15 (Debian 12), a handler set with mg_set_websocket_handler(), which names no subprotocols: a client offers two;
# it closes with 4001; it pings.
# Expected: none of the two is chosen; a Close frame comes back, and a pong.
# Seen: the last of the two is chosen, whatever it is called. A Close frame is handed to the handler as data, as a ping is: none of
# both is answered unless the handler does, and at the end of TCP nothing was said.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libcivetweb1=1.15+dfsg-4 libcivetweb-dev=1.15+dfsg-4
for package in *.deb; do dpkg-deb -x "$package" debian; done
library="debian/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/$library"
cat >server.c <<'C'
#include <civetweb.h>
#include <stdio.h>
#include <unistd.h>

static int on_connect(const struct mg_connection *connection, void *data) { return 0; }
static void on_ready(struct mg_connection *connection, void *data) {}
static void on_close(const struct mg_connection *connection, void *data) {}

/* Ends the connection at a Close frame, as the return value 0 is for. */
static int on_data(struct mg_connection *connection, int bits, char *bytes, size_t length, void *data) {
  printf("the handler is called: bits 0x%02x, %zu bytes\n", bits, length);
  fflush(stdout);
  return (bits & 0x0f) != 0x08;
}

int main(int count, char **arguments) {
  const char *options[] = {"listening_ports", arguments[1], "num_threads", "4", NULL};
  mg_init_library(0);
  struct mg_context *context = mg_start(NULL, NULL, options);
  mg_set_websocket_handler(context, "/", on_connect, on_ready, on_data, on_close, NULL);
  sleep(60);
  mg_stop(context);
}
C
cc -Idebian/usr/include server.c -o server "-L$library" -lcivetweb
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

/** Opens a WebSocket, and sends these frames; resolves to the subprotocol, and what came within a second. */
const exchange = (port, ...sent) =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let end = '';
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
      }, 1000);
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: one.example, two.example\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const server = spawn('./server', [`127.0.0.1:${port}`], { stdio: ['ignore', 'inherit', 'inherit'] });
  process.on('exit', () => server.kill());
  console.log(`ping: ${await exchange(port, frame(0x89, 'abc'))}`);
  console.log(`Close 4001: ${await exchange(port, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
the handler is called: bits 0x89, 3 bytes
ping: Sec-WebSocket-Protocol: two.example
the handler is called: bits 0x88, 2 bytes
Close 4001: Sec-WebSocket-Protocol: two.example, TCP ends
EXPECTED
echo 'CivetWeb 1.15: as written down'
