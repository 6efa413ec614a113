#!/usr/bin/env bash
# uWSGI 2.0.21 (Debian 12), an application in Python that waits in websocket_recv(): a client sends texts as several
# frames.
# Expected: one message each, when it is whole.
# Seen: before it, a message of one NUL for each frame but the last. An application that reads JSON fails at it, one
# that answers each message has answered too often from there on. Clients that stream, and those that cut what is large,
# send such texts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root uwsgi-core=2.0.21-5.1 uwsgi-plugin-python3=2.0.21-5.1 \
  libjansson4 libnorm1 libpgm-5.3-0 libpython3.11 libyajl2 libzmq5
for package in *.deb; do dpkg-deb -x "$package" debian; done
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >app.py <<'PY'
import uwsgi


def application(environ, start_response):
    uwsgi.websocket_handshake(environ["HTTP_SEC_WEBSOCKET_KEY"])
    while True:
        message = uwsgi.websocket_recv()
        uwsgi.websocket_send(b"received " + repr(message).encode())
PY
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const WebSocket = require('ws');

/** Starts uWSGI; resolves to its URL once it listens. */
const serve = async () => {
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  const plugin = ['--plugin-dir', 'debian/usr/lib/uwsgi/plugins', '--plugin', 'python311'];
  const application = ['--wsgi-file', 'app.py', '--processes', '2', '--master'];
  const server = spawn('debian/usr/bin/uwsgi-core', [...plugin, ...application, '--http-socket', `127.0.0.1:${port}`], {
    stdio: 'ignore',
  });
  process.on('exit', () => server.kill('SIGINT'));
  const isUp = () =>
    new Promise((resolve) => {
      const probe = net.connect(port, '127.0.0.1', () => resolve(true, probe.destroy()));
      probe.on('error', () => setTimeout(resolve, 100, false));
    });
  while (!(await isUp()));
  return `ws://127.0.0.1:${port}/`;
};

(async () => {
  const socket = new WebSocket(await serve());
  socket.on('message', (message) => console.log(`${message}`));
  await once(socket, 'open');
  for (const pieces of [['hello'], ['hel', 'lo'], ['h', 'e', 'l', 'l', 'o']]) {
    console.log(`in ${pieces.length}:`);
    pieces.forEach((piece, index) => socket.send(piece, { fin: index === pieces.length - 1 }));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
in 1:
received b'hello'
in 2:
received b'\x00'
received b'hello'
in 5:
received b'\x00'
received b'\x00'
received b'\x00'
received b'\x00'
received b'hello'
EXPECTED
echo 'uWSGI 2.0.21: as written down'
