#!/usr/bin/env bash
# Crystal 1.6.0 (Debian 12), HTTP::WebSocket of its standard library as a client, built with --release: it sends a text of 1,000
# bytes. Its system calls are counted with strace.
# Expected: the frame is masked in memory, and sent with one system call or two.
# Seen: each byte of the payload is sent with a system call of its own. 5 MiB take some five million, for which a server waits
# several seconds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root crystal=1.6.0+dfsg-3 libllvm14 libgc1=1:8.2.2-3 libgc-dev=1:8.2.2-3 \
  libpcre3=2:8.39-15 libpcre3-dev=2:8.39-15 libevent-2.1-7 libevent-core-2.1-7 libevent-extra-2.1-7 libevent-openssl-2.1-7 \
  libevent-pthreads-2.1-7 libevent-dev libz3-4 libedit2 libbsd0 strace libunwind8
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
export LIBRARY_PATH="$folder/debian/usr/lib/$architecture" CRYSTAL_PATH="$folder/debian/usr/lib/crystal/lib"
export CRYSTAL_CACHE_DIR="$folder/cache"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >client.cr <<'CR'
require "http/web_socket"

socket = HTTP::WebSocket.new URI.parse(ARGV[0])
socket.send "x" * 1000
socket.run
CR
debian/usr/bin/crystal build --release client.cr -o client
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  const url = `ws://127.0.0.1:${server.address().port}/`;
  const options = ['-f', '-e', 'trace=write,writev,sendto,sendmsg', '-o', 'trace', './client', url];
  spawn('debian/usr/bin/strace', options, { stdio: 'inherit' }).on('close', () => process.exit());
});
server.on('connection', (socket) => socket.on('message', ({ length }) => {
  console.log(`a text of ${length} bytes`);
  socket.close();
}));
JS
timeout 30 node run.cjs | tee seen
calls=$(grep -cE '(sendto|write)\([0-9]+, .*, 1(,.*)?\) += 1$' trace)
echo "$calls system calls send one byte"
test "$calls" -ge 1000
diff - seen <<'EXPECTED'
a text of 1000 bytes
EXPECTED
echo 'Crystal 1.6.0: as written down'
