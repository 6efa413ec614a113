#!/usr/bin/env bash
# uWSGI 2.0.21 (Debian 12), an application in Python whose websocket_handshake() is given no subprotocol: a client pings
# with bytes; a client offers two subprotocols.
# Expected: a pong with the bytes of the ping, as RFC 6455 §5.5.3 has it; no subprotocol, or one of the two.
# Seen: a pong without bytes: a client that tells its pongs by them takes the connection for dead. The 101 has both
# subprotocols in one field, as they were offered, and a client has to fail it.
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
  const url = await serve();
  const socket = new WebSocket(url);
  socket.on('pong', (bytes) => console.log(`ping 'abc', pong '${bytes}'`));
  await once(socket, 'open');
  socket.ping('abc');
  await once(socket, 'pong');
  const other = new WebSocket(url, ['a.example', 'b.example']);
  other.on('upgrade', ({ headers }) => console.log(`the 101 says '${headers['sec-websocket-protocol']}'`));
  other.on('open', () => console.log('open'));
  other.on('error', ({ message }) => console.log(`ws: ${message}`));
  await new Promise((resolve) => other.on('close', resolve));
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
ping 'abc', pong ''
the 101 says 'a.example,b.example'
ws: Server sent an invalid subprotocol
EXPECTED
echo 'uWSGI 2.0.21: as written down'
