#!/usr/bin/env bash
# eventlet 0.33.1 (Debian 12), WebSocketWSGI: a handler throws.
# Expected: Close 1011.
# Seen: an HTTP response, "500 Internal Server Error", in the open WebSocket. A client reads its letters as a frame, and
# says that the server has broken the protocol: what it tells is of bits in a frame's head, and nothing of an exception.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-eventlet=0.33.1-4 python3-dnspython python3-greenlet python3-six
for package in *.deb; do dpkg-deb -x "$package" debian; done
npm install --silent --no-audit --no-fund ws@8.23.0
cat >server.py <<'PY'
import eventlet
from eventlet import websocket, wsgi


@websocket.WebSocketWSGI
def handle(ws):
    ws.wait()
    raise ValueError("a fault of the application")


socket = eventlet.listen(("127.0.0.1", 0))
print(socket.getsockname()[1], flush=True)
wsgi.server(socket, handle, debug=False, log_output=False)
PY
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const WebSocket = require('ws');

const server = spawn('/usr/bin/python3', ['server.py'], {
  env: { PYTHONPATH: 'debian/usr/lib/python3/dist-packages' },
  stdio: ['ignore', 'pipe', 'ignore'],
});
process.on('exit', () => server.kill('SIGKILL'));
createInterface(server.stdout).once('line', (port) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  let received = '';
  socket.on('upgrade', (response) => {
    response.socket.prependListener('data', (bytes) => (received += bytes.toString('latin1')));
  });
  socket.on('open', () => socket.send('go on'));
  socket.on('error', ({ message }) => console.log(`ws: ${message}`));
  socket.on('close', (code) => {
    console.log(`close ${code}`);
    console.log(`what came: ${received.split('\r\n')[0]}`);
    process.exit();
  });
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
ws: Invalid WebSocket frame: FIN must be set
close 1006
what came: HTTP/1.1 500 Internal Server Error
EXPECTED
echo 'eventlet 0.33.1: as written down'
