#!/usr/bin/env bash
# Crystal 1.6.0 (Debian 12), HTTP::WebSocketHandler and on_message of its standard library: a text in two frames, with a ping between
# them, as RFC 6455 §5.4 allows; and a client closes with 4001.
# Expected: the message is whole, and the pong has the bytes of its ping; 4001 comes back.
# Seen: the ping takes what had come of the message: the pong is longer than the ping, and the message is what followed, with
# nothing that says so. HTTP::WebSocket as a client is the same class. Every Close is answered by one without a code.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root crystal=1.6.0+dfsg-3 libllvm14 libgc1=1:8.2.2-3 libgc-dev=1:8.2.2-3 \
  libpcre3=2:8.39-15 libpcre3-dev=2:8.39-15 libevent-2.1-7 libevent-core-2.1-7 libevent-extra-2.1-7 libevent-openssl-2.1-7 \
  libevent-pthreads-2.1-7 libevent-dev libz3-4 libedit2 libbsd0
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
export LIBRARY_PATH="$folder/debian/usr/lib/$architecture" CRYSTAL_PATH="$folder/debian/usr/lib/crystal/lib"
export CRYSTAL_CACHE_DIR="$folder/cache"
cat >server.cr <<'CR'
require "http/server"

handler = HTTP::WebSocketHandler.new do |socket|
  socket.on_message { |message| socket.send "received '#{message}'" }
end
server = HTTP::Server.new [handler]
server.bind_tcp "127.0.0.1", ARGV[0].to_i
server.listen
CR
debian/usr/bin/crystal build server.cr -o server
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

/** Opens a WebSocket, and sends these frames; resolves to what came within a second. */
const exchange = (port, ...sent) =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => setTimeout(() => resolve(exchange(port, ...sent)), 100));
    socket.once('data', () => {
      socket.write(Buffer.concat(sent));
      setTimeout(() => resolve(frames(received).join(', '), socket.destroy()), 1000);
    });
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const head = received.indexOf('\r\n\r\n');
      if (head > 0) received = received.subarray(head + 4);
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const server = spawn('./server', [port], { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  console.log(`in two frames: ${await exchange(port, frame(0x01, 'Hel'), frame(0x80, 'lo'))}`);
  console.log(`a ping between them: ${await exchange(port, frame(0x01, 'Hel'), frame(0x89, 'ping'), frame(0x80, 'lo'))}`);
  console.log(`Close 4001: ${await exchange(port, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
in two frames: text 'received 'Hello''
a ping between them: pong 'Helping', text 'received 'lo''
Close 4001: Close without a code
EXPECTED
echo 'Crystal 1.6.0: as written down'
