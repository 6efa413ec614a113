#!/usr/bin/env bash
# gevent-websocket 0.10.1 (Debian 12): a handler calls close(4001, 'why'); a client closes with 4001 and 'why'.
# Expected: a Close frame with 4001 and the reason, for both.
# Seen: the code is never sent. close() writes the reason alone, whose first two letters a client reads as the code 30568; in
# return for a Close frame it writes what Python prints of a bytearray, and the client reads 25209.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-gevent-websocket=0.10.1-5 python3-gevent python3-greenlet \
  python3-zope.event python3-zope.interface libev4 libuv1 libc-ares2
for package in *.deb; do dpkg-deb -x "$package" debian; done
export PYTHONPATH="$folder/debian/usr/lib/python3/dist-packages" LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
cat >server.py <<'PY'
from gevent.pywsgi import WSGIServer
from geventwebsocket.handler import WebSocketHandler


def app(environ, start_response):
    ws = environ["wsgi.websocket"]
    if ws.receive() == "close":
        ws.close(4001, "why")
    return []


server = WSGIServer(("127.0.0.1", 0), app, handler_class=WebSocketHandler, log=None, error_log=None)
server.start()
print(server.server_port, flush=True)
server.serve_forever()
PY
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const net = require('node:net');

/** Opens a WebSocket, sends this frame, and resolves to the Close frame that comes. */
const ask = (port, opcode, payload) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let isOpen = false;
    socket.write(
      'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const head = received.indexOf('\r\n\r\n');
      if (!isOpen && head >= 0) {
        isOpen = true;
        received = received.subarray(head + 4);
        socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
      }
      if (!isOpen || received.length < 2 || received.length < 2 + received[1]) return;
      socket.destroy();
      resolve(`opcode ${received[0] & 15}, payload ${JSON.stringify(received.subarray(2).toString('latin1'))}`);
    });
  });

const server = spawn('/usr/bin/python3', ['server.py'], { stdio: ['ignore', 'pipe', 'inherit'] });
createInterface(server.stdout).once('line', async (port) => {
  console.log(`close(4001, 'why'): ${await ask(port, 1, Buffer.from('close'))}`);
  console.log(`in return for 4001 'why': ${await ask(port, 8, Buffer.from('\x0f\xa1why', 'latin1'))}`);
  server.kill();
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
close(4001, 'why'): opcode 8, payload "why"
in return for 4001 'why': opcode 8, payload "bytearray(b'why')"
EXPECTED
echo 'gevent-websocket 0.10.1: as written down'
