#!/usr/bin/env bash
# ws4py 0.5.1 (Debian 12, Python), a server that returns what comes: a client closes without a code, with 4001 and with 1012; the handler
# throws at a message.
# Expected: an empty Close in return, 4001 and 1012; Close 1011 for the throw.
# Seen: it writes 1005, which no Close frame may have, in return for the empty one and for 1012, which it takes for no code: a client has to
# take either for a protocol error, 1006. At the throw TCP ends, without a Close.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-ws4py=0.5.1+dfsg1-2
for package in *.deb; do dpkg-deb -x "$package" debian; done
export PYTHONPATH="$folder/debian/usr/lib/python3/dist-packages"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >server.py <<'PYTHON'
from wsgiref.simple_server import make_server

from ws4py.server.wsgirefserver import WebSocketWSGIRequestHandler, WSGIServer
from ws4py.server.wsgiutils import WebSocketWSGIApplication
from ws4py.websocket import WebSocket


class Echo(WebSocket):
    def received_message(self, message):
        if message.data == b'throw':
            raise ValueError('a fault of the handler')
        self.send(message.data, message.is_binary)


app = WebSocketWSGIApplication(handler_cls=Echo)
server = make_server('127.0.0.1', 0, server_class=WSGIServer, handler_class=WebSocketWSGIRequestHandler, app=app)
server.initialize_websockets_manager()
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { createInterface } = require('node:readline');
const { setTimeout: wait } = require('node:timers/promises');
const WebSocket = require('ws');

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

(async () => {
  const server = spawn('/usr/bin/python3', ['server.py'], { stdio: ['ignore', 'pipe', 'ignore'] });
  process.on('exit', () => server.kill('SIGKILL'));
  const [port] = await once(createInterface({ input: server.stdout }), 'line');
  const seen = async (name, sent) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes]))).on('end', () => (end = 'TCP ends'));
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await wait(500);
    socket.write(sent);
    await wait(1000);
    const rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
    const close = rest.length === 0 ? 'nothing' : rest.length === 2 ? 'an empty Close' : `Close ${rest.readUInt16BE(2)}`;
    console.log(`${name}: ${close}, ${end}`);
    socket.destroy();
  };
  await seen('no code', frame(0x88, []));
  await seen('4001', frame(0x88, [0x0f, 0xa1]));
  await seen('1012', frame(0x88, [0x03, 0xf4]));
  await seen('a throw', frame(0x81, 'throw'));
  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  await once(client, 'open');
  client.on('error', ({ message }) => console.log(`ws: ${message}`)).on('close', (code) => {
    console.log(`ws closes without a code: ${code}`);
    process.exit();
  });
  client.close();
})();
JS
timeout 40 node run.cjs | tee seen
diff - seen <<'EXPECTED'
no code: Close 1005, TCP ends
4001: Close 4001, TCP ends
1012: Close 1005, TCP ends
a throw: nothing, TCP ends
ws: Invalid WebSocket frame: invalid status code 1005
ws closes without a code: 1006
EXPECTED
echo 'ws4py 0.5.1: as written down'
