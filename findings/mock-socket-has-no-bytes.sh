#!/usr/bin/env bash
# mock-socket 9.3.1, which stands in for a server in tests: the mock server sends a Uint8Array of 104, 105.
# Expected: the client gets a message of two bytes.
# Seen: it gets a text message, '104,105'; a DataView comes as '[object DataView]', and only an ArrayBuffer stays one. The
# other way the mock server is handed the client's own array, not its bytes at the time: what the client writes into it
# after send() changes the message that was received.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund mock-socket@9.3.1
cat >run.cjs <<'JS'
const { Server, WebSocket } = require('mock-socket');

const server = new Server('ws://mock.example');
server.on('connection', (socket) => {
  socket.send(new Uint8Array([104, 105]));
  socket.send(new DataView(new ArrayBuffer(2)));
  socket.send(new Uint8Array([104, 105]).buffer);
  socket.on('message', (received) => {
    const before = received[0];
    setTimeout(() => {
      console.log(`the server received ${before}, and later has ${received[0]}`);
      process.exit();
    }, 50);
  });
});
const client = new WebSocket('ws://mock.example');
client.binaryType = 'arraybuffer';
client.onmessage = ({ data }) => console.log(typeof data === 'string' ? `text ${data}` : `${data.byteLength} bytes`);
client.onopen = () =>
  setTimeout(() => {
    const bytes = new Uint8Array([1]);
    client.send(bytes);
    setTimeout(() => (bytes[0] = 9), 20);
  }, 100);
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
text 104,105
text [object DataView]
2 bytes
the server received 1, and later has 9
EXPECTED
echo 'mock-socket 9.3.1: as written down'
