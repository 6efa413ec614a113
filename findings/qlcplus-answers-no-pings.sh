#!/usr/bin/env bash
# QLC+ 4.12.6 (Debian 12), which steers stage lights, with `--web`: a client asks over its WebSocket how many functions there are, in one
# frame, in two, and in one that comes in two packets; it pings, and it closes with 1000.
# Expected: an answer each time, a pong, and a Close frame in return.
# Seen: what has come of a message is taken for the whole: the first of two frames, and of one frame what the first packet brings. The rest
# is dropped. There is no pong, and no Close: TCP stays open.
# It listens at every address, so that it runs in a network of its own. What it needs of the machine is what `apt-get install qlcplus
# iproute2` brings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root qlcplus=4.12.6-1
for package in *.deb; do dpkg-deb -x "$package" debian; done
export QT_QPA_PLATFORM=offscreen HOME="$folder" LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** Opens a WebSocket, or waits until one can be opened. */
const open = async () => {
  for (;;) {
    const socket = net.connect(9999, '127.0.0.1');
    const isThere = await new Promise((resolve) => socket.on('connect', () => resolve(true)).on('error', () => resolve(false)));
    if (isThere) return socket;
    await wait(200);
  }
};

(async () => {
  const server = spawn('debian/usr/bin/qlcplus', ['--web', '--nogui', '--nowm'], { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGKILL'));
  const seen = async (name, ...sent) => {
    const socket = await open();
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes]))).on('end', () => (end = 'TCP ends'));
    socket.write(
      'GET /qlcplusWS HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await wait(500);
    for (const bytes of sent) {
      socket.write(bytes);
      await wait(500);
    }
    const frames = [];
    let rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
    for (; rest.length > 0; rest = rest.subarray(2 + rest[1])) {
      const payload = rest.subarray(2, 2 + rest[1]);
      frames.push({ 1: `'${payload}'`, 8: 'Close', 10: 'a pong' }[rest[0] & 15] ?? 'a frame');
    }
    console.log(`${name}: ${[...frames, end].join(', ')}`);
    socket.destroy();
  };
  const text = 'QLC+API|getFunctionsNumber';
  const whole = frame(0x81, text);
  await seen('one frame', whole);
  await seen('two frames', frame(0x01, text.slice(0, 12)), frame(0x80, text.slice(12)));
  await seen('two packets', whole.subarray(0, 20), whole.subarray(20));
  await seen('two packets, and another frame', whole.subarray(0, 20), whole.subarray(20), whole);
  await seen('a ping', frame(0x89, 'ping'));
  await seen('a Close', frame(0x88, [0x03, 0xe8]));
  process.exit();
})();
JS
timeout 60 unshare --net sh -c 'ip link set lo up && exec node run.cjs' | tee seen
diff - seen <<'EXPECTED'
one frame: 'QLC+API|getFunctionsNumber|0', TCP open
two frames: 'QLC+API|getF|', TCP open
two packets: 'QLC+API|getFun|', TCP open
two packets, and another frame: 'QLC+API|getFun|', 'QLC+API|getFunctionsNumber|0', TCP open
a ping: TCP open
a Close: TCP open
EXPECTED
echo 'QLC+ 4.12.6: as written down'
