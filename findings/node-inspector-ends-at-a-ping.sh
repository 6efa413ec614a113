#!/usr/bin/env bash
# Node 24.21.0 and 26.10.0, `node --inspect`: a client of the inspector asks Runtime.evaluate for 1+1, in one frame and in two, sends
# a ping and a pong, and closes with 4001.
# Expected: an answer for each call, a pong for the ping, nothing for the pong; 4001 comes back. Chromium's DevTools endpoint does so.
# Seen: a ping, a pong, and the first of two frames end TCP at once, without a Close frame: a WebSocket library that sends pings to
# see that a connection lives (or large messages in pieces) loses the inspector by it. 4001 is answered by an empty Close frame.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund node-24@npm:node@24.21.0 node-26@npm:node@26.10.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const net = require('node:net');

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** Opens a WebSocket, and sends these frames, one after the other; resolves to what came within a second. */
const exchange = ({ port, pathname }, ...frames) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      frames.forEach((each, index) => setTimeout(() => socket.write(each), index * 300));
      setTimeout(() => {
        const seen = [];
        let rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
        while (rest.length >= 2) {
          const payload = rest.subarray(2, 2 + rest[1]);
          const name = { 1: 'text', 8: 'Close', 9: 'ping', 10: 'pong' }[rest[0] & 0x0f];
          seen.push(name === 'text' ? `the answer ${JSON.parse(payload).result.result.value}` : `${name} of ${payload.length} bytes`);
          rest = rest.subarray(2 + rest[1]);
        }
        resolve([...seen, end].filter(Boolean).join(', '));
        socket.destroy();
      }, 1000);
    });
    socket.write(
      `GET ${pathname} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const call = '{"id":1,"method":"Runtime.evaluate","params":{"expression":"1+1"}}';
  const close = Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from('why')]);
  for (const name of ['node-24', 'node-26']) {
    const inspected = spawn(`node_modules/${name}/bin/node`, ['--inspect=127.0.0.1:0', '-e', 'setTimeout(() => {}, 30_000)']);
    process.on('exit', () => inspected.kill());
    const url = await new Promise((resolve) => {
      let said = '';
      inspected.stderr.on('data', (bytes) => {
        const [found] = /ws:\S+/.exec((said += bytes)) ?? [];
        if (found) resolve(new URL(found));
      });
    });
    console.log(`${name}, one frame: ${await exchange(url, frame(0x81, call))}`);
    console.log(`${name}, two frames: ${await exchange(url, frame(0x01, call.slice(0, 9)), frame(0x80, call.slice(9)))}`);
    console.log(`${name}, a call and a ping: ${await exchange(url, frame(0x81, call), frame(0x89, 'Hello'))}`);
    console.log(`${name}, a call and a pong: ${await exchange(url, frame(0x81, call), frame(0x8a, 'Hello'))}`);
    console.log(`${name}, Close 4001: ${await exchange(url, frame(0x88, close))}`);
  }
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
node-24, one frame: the answer 2
node-24, two frames: TCP ends
node-24, a call and a ping: the answer 2, TCP ends
node-24, a call and a pong: the answer 2, TCP ends
node-24, Close 4001: Close of 0 bytes, TCP ends
node-26, one frame: the answer 2
node-26, two frames: TCP ends
node-26, a call and a ping: the answer 2, TCP ends
node-26, a call and a pong: the answer 2, TCP ends
node-26, Close 4001: Close of 0 bytes, TCP ends
EXPECTED
echo 'Node 24.21.0 and 26.10.0, --inspect: as written down'
