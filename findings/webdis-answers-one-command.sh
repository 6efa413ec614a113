#!/usr/bin/env bash
# Webdis 0.1.9 (Debian 12), Redis over HTTP and WebSocket: a client connects without an Origin and with one; it sends a command as JSON,
# in one frame or in two; it pings; it closes with 4001.
# Expected: an Origin is for browsers; a command is answered, and the next; a pong for a ping; a Close frame in return, and the end of TCP.
# Seen: a handshake without an Origin is never answered, neither is a text in two frames, a ping or a Close frame, and TCP stays open.
# TCP ends without a Close frame once a command has been answered: a connection is good for one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root webdis=0.1.9+dfsg-1.1 redis-server redis-tools libevent-2.1-7 libhiredis0.14 libb64-0d \
  libjansson4 liblzf1 libjemalloc2 libatomic1 libssl3
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
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

const listening = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket.destroy()));
    socket.on('error', () => setTimeout(() => resolve(listening(port)), 100));
  });

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload = '') =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** The frames of a server in these bytes, in words. */
const frames = (bytes) => {
  const seen = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const end = 2 + rest[1];
    seen.push(`${{ 1: 'text', 8: 'Close', 10: 'pong' }[rest[0] & 0x0f]} ${rest.subarray(2, end)}`);
    rest = rest.subarray(end);
  }
  return seen;
};

/** Opens a WebSocket, and sends this, 300 ms later; what came within two seconds, and whether TCP ended. */
const exchange = async (name, port, fields, sent = '') => {
  let received = Buffer.alloc(0);
  let end = 'TCP is open';
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
  socket.on('end', () => (end = 'TCP ends'));
  socket.write(
    `GET /.json HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `${fields}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.write(sent);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  socket.destroy();
  const head = received.indexOf('\r\n\r\n');
  const status = /^HTTP\/1.1 (\d+)/.exec(String(received))?.[1] ?? 'no answer';
  console.log(`${name}: ${[status, ...frames(received.subarray(head < 0 ? received.length : head + 4)), end].join(', ')}`);
};

(async () => {
  const [redis, port] = [await freePort(), await freePort()];
  const configuration = { redis_host: '127.0.0.1', redis_port: redis, http_host: '127.0.0.1', http_port: port, threads: 1 };
  writeFileSync('webdis.json', JSON.stringify({ ...configuration, websockets: true, database: 0, logfile: 'webdis.log' }));
  const children = [
    spawn('debian/usr/bin/redis-server', ['--port', redis, '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' }),
  ];
  process.on('exit', () => children.forEach((child) => child.kill()));
  await listening(redis);
  children.push(spawn('debian/usr/bin/webdis', ['webdis.json'], { stdio: 'ignore' }));
  await listening(port);
  const origin = `Origin: http://127.0.0.1:${port}\r\n`;
  await exchange('without an Origin', port, '');
  await exchange('with one', port, origin);
  await exchange('two frames', port, origin, Buffer.concat([frame(0x01, '["ECHO",'), frame(0x80, '"one"]')]));
  await exchange('a ping', port, origin, frame(0x89, 'abc'));
  await exchange('Close 4001', port, origin, frame(0x88, Buffer.from([0x0f, 0xa1])));
  await exchange('a command', port, origin, frame(0x81, '["ECHO","one"]'));
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
without an Origin: no answer, TCP is open
with one: 101, TCP is open
two frames: 101, TCP is open
a ping: 101, TCP is open
Close 4001: 101, TCP is open
a command: 101, text {"ECHO":"one"}, TCP ends
EXPECTED
echo 'Webdis 0.1.9: as written down'
