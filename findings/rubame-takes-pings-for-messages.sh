#!/usr/bin/env bash
# Rubame 0.0.3 (Debian 12's ruby-rubame), a WebSocket server for Ruby, whose application sends each message back within < and >: a client
# pings; it sends a pong that nobody asked for, and bytes; it closes with 4001, and with 1012.
# Expected: a pong for a ping, and nothing of it or of a pong at the application; bytes come back as bytes; a Close frame in return.
# Seen: the bytes of pings and pongs are messages, and no pong is sent; bytes come back as a text; TCP ends without a Close frame, and at
# 1012 it stays open.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root ruby-rubame=0.0.3~git20131224.f3c78ba-3 ruby-websocket ruby3.1 libruby3.1 libyaml-0-2 \
  libgmp10 libffi8 libgdbm6 libgdbm-compat4 libcrypt1
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
gem=$(echo debian/usr/share/rubygems-integration/all/gems/websocket-1*/lib)
export RUBYLIB="$folder/$gem:debian/usr/lib/ruby/vendor_ruby:debian/usr/lib/ruby/3.1.0:debian/usr/lib/$architecture/ruby/3.1.0"
cat >server.rb <<'RUBY'
require 'rubame'

server = Rubame::Server.new('127.0.0.1', ARGV[0].to_i)
loop do
  server.run do |client|
    client.onmessage { |message| client.send "<#{message}>" }
  end
end
RUBY
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
    const end = 2 + rest[1];
    seen.push(`${{ 1: 'text', 2: 'binary', 8: 'Close', 10: 'pong' }[rest[0] & 0x0f]} ${rest.subarray(2, end)}`);
    rest = rest.subarray(end);
  }
  return seen;
};

/** Opens a WebSocket, and sends this frame; resolves to what came within a second and a half. */
const exchange = (port, sent) =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let end = 'TCP is open';
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => setTimeout(() => resolve(exchange(port, sent)), 100));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      socket.write(sent);
      setTimeout(() => {
        resolve([...frames(received.subarray(received.indexOf('\r\n\r\n') + 4)), end].join(', '));
        socket.destroy();
      }, 1500);
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const server = spawn('debian/usr/bin/ruby3.1', ['--disable-gems', 'server.rb', port], { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  console.log(`text 'abc': ${await exchange(port, frame(0x81, 'abc'))}`);
  console.log(`bytes 'abc': ${await exchange(port, frame(0x82, 'abc'))}`);
  console.log(`ping 'abc': ${await exchange(port, frame(0x89, 'abc'))}`);
  console.log(`pong 'abc': ${await exchange(port, frame(0x8a, 'abc'))}`);
  console.log(`Close 4001: ${await exchange(port, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  console.log(`Close 1012: ${await exchange(port, frame(0x88, Buffer.from([0x03, 0xf4])))}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
text 'abc': text <abc>, TCP is open
bytes 'abc': text <abc>, TCP is open
ping 'abc': text <abc>, TCP is open
pong 'abc': text <abc>, TCP is open
Close 4001: TCP ends
Close 1012: TCP is open
EXPECTED
echo 'Rubame 0.0.3: as written down'
