#!/usr/bin/env bash
# python3-gwebsockets 0.7 (Debian 12; Sugar, the desktop of One Laptop per Child), a server that echoes: the handshake; a text in one
# frame and in two; a ping; a Close frame.
# Expected: a 101 as in RFC 6455; a message each; a pong; a Close frame in return.
# Seen: the 101 has TRANSFER-ENCODING: chunked, which no 1xx may have, with the fields' names in capitals; ws and
# undici take it. A text in two frames is dropped by an exception inside; a ping and a Close frame are never answered.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root python3-gwebsockets=0.7-2 python3-gi=3.42.2-3+b1 gir1.2-glib-2.0=1.74.0-3 \
  libgirepository-1.0-1=1.74.0-3 libglib2.0-0
for package in *.deb; do dpkg-deb -x "$package" debian; done
export PYTHONPATH="$folder/debian/usr/lib/python3/dist-packages" LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
export GI_TYPELIB_PATH="$LD_LIBRARY_PATH/girepository-1.0"
npm install --silent --no-audit --no-fund ws@8.23.0 undici@7.30.2
cat >server.py <<'PYTHON'
from gi.repository import GLib
from gwebsockets.server import Server

def started(server, session):
    session.connect('message-received', lambda session, message: session.send_message(bytes(message.data)))

server = Server()
server.connect('session-started', started)
print(server.start(), flush=True)
GLib.MainLoop().run()
PYTHON
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** Opens a WebSocket, and sends these frames, one after the other; resolves to the head, and what came within a second. */
const exchange = (port, ...frames) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      frames.forEach((each, index) => setTimeout(() => socket.write(each), index * 200));
      setTimeout(() => {
        const [head, rest = ''] = received.toString('latin1').split('\r\n\r\n');
        const seen = rest ? `'${rest.slice(2)}' in frame 0x${received[head.length + 4].toString(16)}` : 'nothing';
        resolve([head, `${seen}, ${end}`]);
        socket.destroy();
      }, 1000);
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const server = spawn('/usr/bin/python3', ['server.py'], { stdio: ['ignore', 'pipe', 'ignore'] });
  process.on('exit', () => server.kill());
  const [port] = String((await once(server.stdout, 'data'))[0]).match(/\d+/);
  console.log((await exchange(port))[0].replaceAll('\r\n', '\n'));
  console.log(`one frame: ${(await exchange(port, frame(0x81, 'Hello')))[1]}`);
  console.log(`two frames: ${(await exchange(port, frame(0x01, 'Hel'), frame(0x80, 'lo')))[1]}`);
  console.log(`a ping: ${(await exchange(port, frame(0x89, 'Hello')))[1]}`);
  console.log(`Close 4001: ${(await exchange(port, frame(0x88, Buffer.from([0x0f, 0xa1]))))[1]}`);
  for (const name of ['ws', 'undici']) {
    const { WebSocket } = require(name);
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    const seen = [];
    for (const event of ['open', 'error', 'close', 'message']) socket.addEventListener(event, ({ data }) => seen.push(event));
    socket.addEventListener('open', () => socket.send('Hello'));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    console.log(`${name}: ${seen.join(', ') || 'nothing'}`);
  }
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
HTTP/1.1 101 Switching Protocols
UPGRADE: websocket
CONNECTION: upgrade
TRANSFER-ENCODING: chunked
SEC-WEBSOCKET-ACCEPT: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
one frame: 'Hello' in frame 0x81, TCP open
two frames: nothing, TCP open
a ping: nothing, TCP open
Close 4001: nothing, TCP open
ws: open, message
undici: open, message
EXPECTED
echo 'python3-gwebsockets 0.7: as written down'
