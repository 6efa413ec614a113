#!/usr/bin/env bash
# Liquidsoap 2.1.3 (Debian 12), input.harbor, which takes a radio's live source over WebSocket ('webcast'): a client pings before its
# hello, and after it; it sends metadata in two frames; it closes with 4001.
# Expected: a pong each, the metadata, and a Close frame in return.
# Seen: what comes first is the hello to it, a ping too: 1002, 'Invalid hello.' A ping after it is never answered; the metadata is read,
# and a Close frame ends TCP without one in return.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances liquidsoap |
  grep -E '^(lib|ocl)' | grep -vx libc6 | sort -u)
# shellcheck disable=SC2086
apt-get download -qq -o APT::Sandbox::User=root liquidsoap=2.1.3-2 ocl-icd-libopencl1 $packages
for package in *.deb; do dpkg-deb -x "$package" debian; done
libraries="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
export LIBRARIES="$libraries:$libraries/pulseaudio:$libraries/blas:$libraries/lapack:$folder/debian/lib/$(uname -m)-linux-gnu"
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');

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

/** What stands in these bytes of a server: at most one frame. */
const seen = (bytes) => {
  if (bytes.length === 0) return 'nothing';
  const payload = bytes.subarray(2, 2 + bytes[1]);
  if ((bytes[0] & 0x0f) !== 8) return `frame 0x${bytes[0].toString(16)} '${payload}'`;
  return `Close ${payload.readUInt16BE(0)} '${payload.subarray(2)}'`;
};

/** Opens a WebSocket, and sends these frames, one after the other; resolves to what came. */
const exchange = (port, ...sent) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('error', ({ code }) => {
      if (code === 'ECONNREFUSED') setTimeout(() => resolve(exchange(port, ...sent)), 500);
    });
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      sent.forEach((each, index) => setTimeout(() => socket.write(each), 300 + index * 300));
      setTimeout(() => {
        resolve(`${seen(received.subarray(received.indexOf('\r\n\r\n') + 4))}, ${end}`);
        socket.destroy();
      }, 3000);
    });
    socket.write(
      'GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: webcast\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  writeFileSync(
    'radio.liq',
    `set("harbor.bind_addrs", ["127.0.0.1"])
set("log.stdout", true)
set("log.file", false)
set("init.allow_root", true)
output.dummy(fallible=true, input.harbor("live", port=${port}, password="word"))
`,
  );
  const environment = { ...process.env, LD_LIBRARY_PATH: process.env.LIBRARIES };
  const options = { stdio: ['ignore', 'pipe', 'ignore'], env: environment };
  const radio = spawn('debian/usr/bin/liquidsoap', ['--no-stdlib', 'radio.liq'], options);
  process.on('exit', () => radio.kill('SIGKILL'));
  let log = '';
  radio.stdout.on('data', (text) => (log += text));
  const hello = frame(0x81, '{"type":"hello","data":{"mime":"audio/mpeg","user":"source","password":"word"}}');
  const metadata = '{"type":"metadata","data":{"title":"a title"}}';
  console.log(`a ping, and a hello: ${await exchange(port, frame(0x89, 'ping'), hello)}`);
  await wait(1000);
  console.log(`a hello, and a ping: ${await exchange(port, hello, frame(0x89, 'ping'))}`);
  await wait(1000);
  const halves = [frame(0x01, metadata.slice(0, 9)), frame(0x80, metadata.slice(9))];
  console.log(`a hello, and metadata in two frames: ${await exchange(port, hello, ...halves)}`);
  console.log(log.includes('-- a title.') ? 'the title is read' : 'the title is not read');
  await wait(1000);
  console.log(`a hello, and Close 4001: ${await exchange(port, hello, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
a ping, and a hello: Close 1002 'Invalid hello.', TCP ends
a hello, and a ping: nothing, TCP open
a hello, and metadata in two frames: nothing, TCP open
the title is read
a hello, and Close 4001: nothing, TCP ends
EXPECTED
echo 'Liquidsoap 2.1.3: as written down'
