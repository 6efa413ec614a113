#!/usr/bin/env bash
# mqtt 5.16.0 (MQTT.js) over ws: one CONNECT, then one PUBLISH of 2 bytes to a topic of 1.
# Expected: a WebSocket message for each packet, or one for both.
# Seen: a message for each field. The CONNECT comes as nine binary messages, most of a byte or two, and the PUBLISH as five. MQTT allows it; a server that counts or limits messages, or takes one message for one packet, is wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund mqtt@5.16.0 ws@8.23.0
cat >run.cjs <<'JS'
const WebSocket = require('ws');
const mqtt = require('mqtt');

let sizes = [];
const server = new WebSocket.WebSocketServer(
  { port: 0, host: '127.0.0.1', handleProtocols: () => 'mqtt' },
  () => {
    const client = mqtt.connect(`ws://127.0.0.1:${server.address().port}/`, { clientId: 'one', protocolVersion: 4 });
    client.on('connect', () => {
      console.log(`CONNECT: ${sizes.join(' ')}`);
      sizes = [];
      client.publish('t', 'hi');
    });
  },
);
server.on('connection', (socket) => {
  let bytes = 0;
  socket.on('message', (data) => {
    sizes.push(data.length);
    bytes += data.length;
    // A CONNECT of MQTT 3.1.1 with a client id of three bytes has 17.
    if (bytes === 17) socket.send(Buffer.from([0x20, 2, 0, 0]));
    // A PUBLISH with QoS 0: two bytes of header, two of length, the topic and the payload.
    if (bytes === 17 + 7) {
      console.log(`PUBLISH: ${sizes.join(' ')}`);
      process.exit();
    }
  });
});
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
CONNECT: 1 1 2 4 1 1 2 2 3
PUBLISH: 1 1 2 1 2
EXPECTED
echo 'mqtt 5.16.0: as written down'
