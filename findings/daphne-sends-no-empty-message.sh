#!/usr/bin/env bash
# Daphne 4.0.0 (Debian 12): an ASGI application sends an empty text and empty bytes, between two others.
# Expected: four messages, two of them empty: ASGI's websocket.send wants one of `bytes` and `text` that is not None.
# Seen: two. What is empty is taken for what is not there, without a word to anybody; a peer that waits for an answer waits on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-daphne=4.0.0-1 python3-asgiref python3-autobahn python3-twisted \
  python3-txaio python3-attr python3-automat python3-constantly python3-hyperlink python3-idna python3-incremental \
  python3-zope.interface python3-pkg-resources python3-openssl python3-cryptography python3-cffi-backend \
  python3-service-identity python3-six python3-pyasn1 python3-pyasn1-modules python3-typing-extensions
for package in *.deb; do dpkg-deb -x "$package" debian; done
export PYTHONPATH="$folder/debian/usr/lib/python3/dist-packages"
cat >server.py <<'PY'
import socket
from daphne.server import Server


async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    for message in ({"text": "one"}, {"text": ""}, {"bytes": b""}, {"text": "two"}):
        await send({"type": "websocket.send", **message})
    await receive()


probe = socket.socket()
probe.bind(("127.0.0.1", 0))
port = probe.getsockname()[1]
probe.close()
print(port, flush=True)
Server(app, endpoints=[f"tcp:port={port}:interface=127.0.0.1"], signal_handlers=False).run()
PY
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');
const net = require('node:net');

// Without -S, packages of the machine would be found, too.
const server = spawn('/usr/bin/python3', ['-S', 'server.py'], { stdio: ['ignore', 'pipe', 'inherit'] });
createInterface(server.stdout).once('line', function connect(port) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => setTimeout(connect, 200, port));
  socket.write(
    'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  let received = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    if (!received.toString('latin1').endsWith('two')) return;
    const frames = received.subarray(received.indexOf('\r\n\r\n') + 4);
    for (let at = 0; at < frames.length; at += 2 + frames[at + 1]) {
      console.log(`opcode ${frames[at] & 15}: '${frames.subarray(at + 2, at + 2 + frames[at + 1])}'`);
    }
    server.kill('SIGKILL');
    process.exit();
  });
});
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
opcode 1: 'one'
opcode 1: 'two'
EXPECTED
echo 'Daphne 4.0.0: as written down'
