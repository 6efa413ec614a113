#!/usr/bin/env bash
# paho-mqtt 1.6.1 for Python (Debian 12's python3-paho-mqtt), MQTT over WebSocket, at a server that pings, or closes with 4001, once the
# client is connected, and at ws 8.23.0, which pings as many servers do to keep a connection alive.
# Expected: a pong and a Close frame with a mask, as all frames of a client; on_disconnect tells of a failure; an Origin is for browsers.
# Seen: its own packets have a mask, its pongs and its Close frames have none, which a server has to take for a protocol error: the first
# ping ends the connection with 1002. After its Close frame it sends on and is told of nothing. Over ws: it sends an Origin of https:.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-paho-mqtt=1.6.1-1
dpkg-deb -x python3-paho-mqtt_*.deb debian
npm install --silent --no-audit --no-fund ws@8.23.0
cat >client.py <<'PYTHON'
import sys
import time

import paho.mqtt.client as mqtt

told = []
client = mqtt.Client(client_id="it", transport="websockets")
client.on_connect = lambda client, data, flags, code: told.append(f"on_connect {code}")
client.on_disconnect = lambda client, data, code: told.append(f"on_disconnect {code}")
client.reconnect_delay_set(60, 60)
client.connect("127.0.0.1", int(sys.argv[1]), 60)
client.loop_start()
time.sleep(1)
client.publish("topic", "text")
time.sleep(0.5)
print(", ".join(told), flush=True)
PYTHON
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const { WebSocketServer } = require('ws');

const connack = Buffer.from([0x20, 2, 0, 0]);

/** Runs the client at this port; resolves to what its application is told. */
const client = async (port) => {
  const env = { ...process.env, PYTHONPATH: 'debian/usr/lib/python3/dist-packages' };
  const child = spawn('/usr/bin/python3', ['client.py', port], { env, stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000 });
  let told = '';
  child.stdout.on('data', (text) => (told += text));
  await once(child, 'close');
  return told.trim();
};

/** A server of this file's own, that looks at masks: what comes when this frame is sent behind the CONNACK. */
const look = async (name, frame) => {
  const seen = [];
  const server = http.createServer();
  server.on('upgrade', (request, socket) => {
    if (seen.length === 0) seen.push(`Origin ${request.headers.origin.replace(/\d+$/, 'PORT')}`);
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`,
    );
    let rest = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 2) {
        const masked = rest[1] >= 0x80;
        const length = (rest[1] & 0x7f) + (masked ? 6 : 2);
        if (rest.length < length) return;
        const opcode = { 2: 'binary', 8: 'Close', 10: 'pong' }[rest[0] & 0x0f];
        seen.push(`${opcode} ${masked ? 'masked' : 'without a mask'}`);
        rest = rest.subarray(length);
        if (seen.length === 2) socket.write(Buffer.concat([Buffer.from([0x82, 4]), connack, frame]));
      }
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const told = await client(server.address().port);
  console.log(`${name}: ${seen.join(', ')}; the application: ${told}`);
};

(async () => {
  await look('a ping', Buffer.from([0x89, 3, 0x61, 0x62, 0x63]));
  await look('Close 4001', Buffer.from([0x88, 2, 0x0f, 0xa1]));
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'mqtt' });
  await once(server, 'listening');
  let ended;
  server.once('connection', (socket) => {
    socket.once('message', () => {
      socket.send(connack);
      socket.ping('abc');
    });
    socket.on('error', ({ message }) => (ended = message));
  });
  const told = await client(server.address().port);
  console.log(`ws, a ping: ${ended}; the application: ${told}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
a ping: Origin https://127.0.0.1:PORT, binary masked, pong without a mask, binary masked; the application: on_connect 0
Close 4001: Origin https://127.0.0.1:PORT, binary masked, Close without a mask, binary masked; the application: on_connect 0
ws, a ping: Invalid WebSocket frame: MASK must be set; the application: on_connect 0, on_disconnect 7
EXPECTED
echo 'paho-mqtt 1.6.1 (Python): as written down'
