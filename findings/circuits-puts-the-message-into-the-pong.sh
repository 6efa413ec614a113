#!/usr/bin/env bash
# circuits 3.2.2 (Debian 12), WebSocketsDispatcher: a client pings between two frames of a text.
# Expected: a pong with the bytes of the ping, and the text when it is whole.
# Seen: the pong begins with what has come of the text. With 200 bytes of it the pong is longer than the 125 that a
# control frame may have, and a client has to fail the connection: whoever pings while it streams loses it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-circuits=3.2.2-1
dpkg-deb -x python3-circuits_*.deb debian
npm install --silent --no-audit --no-fund ws@8.23.0
cat >server.py <<'PY'
from circuits import Component
from circuits.net.events import write
from circuits.web import Server
from circuits.web.dispatchers import WebSocketsDispatcher


class Echo(Component):
    channel = "wsserver"

    def read(self, socket, data):
        self.fireEvent(write(socket, data))


app = Server(("127.0.0.1", 0))
Echo().register(app)
WebSocketsDispatcher("/").register(app)
app.run()
PY
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const WebSocket = require('ws');

const ask = (url, first) =>
  new Promise((resolve) => {
    const socket = new WebSocket(url);
    const seen = [];
    socket.on('open', () => {
      socket.send(first, { fin: false });
      socket.ping('ping');
      socket.send('.', { fin: true });
    });
    socket.on('pong', (bytes) => seen.push(`pong '${bytes}'`));
    socket.on('message', (message) => seen.push(`message of ${message.length}`) && socket.close());
    socket.on('error', ({ message }) => seen.push(`ws: ${message}`));
    socket.on('close', () => resolve(seen.join(', ')));
  });

const server = spawn('/usr/bin/python3', ['server.py'], {
  env: { PYTHONPATH: 'debian/usr/lib/python3/dist-packages' },
  stdio: ['ignore', 'ignore', 'pipe'],
});
process.on('exit', () => server.kill('SIGKILL'));
createInterface(server.stderr).once('line', async (ready) => {
  const url = ready.replace(/.*http/, 'ws');
  console.log(`a first frame of 5 bytes: ${await ask(url, 'first')}`);
  console.log(`a first frame of 200 bytes: ${await ask(url, 'f'.repeat(200))}`);
  process.exit();
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
a first frame of 5 bytes: pong 'firstping', message of 6
a first frame of 200 bytes: ws: Invalid WebSocket frame: invalid payload length 126
EXPECTED
echo 'circuits 3.2.2: as written down'
