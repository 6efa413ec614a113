#!/usr/bin/env bash
# nanomsg 1.1.5 (Debian 12), a PAIR socket bound to a ws: address, whose application sends back what nn_recv() gives it: a client sends
# bytes and a text, pings, sends a pong that nobody asked for, and closes without a code. Others offer no subprotocol, and two.
# Expected: a pong with the bytes of its ping, and nothing of it or of a pong at the application; an empty Close in return for one; a 101
# without a subprotocol for who offers none; the one that it knows out of two.
# Seen: the bytes of pings and of pongs are messages to the application, and no pong is sent; an empty Close is answered with 1000; a text
# comes back as bytes. Who offers none gets an empty Sec-WebSocket-Protocol, at which a strict client fails, and who offers two a 400
# whose head has no end: it waits on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root libnanomsg5=1.1.5+dfsg-1.1+b1
dpkg-deb -x libnanomsg5_*.deb debian
npm install --silent --no-audit --no-fund ws@8.23.0
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
cat >server.py <<'PY'
import ctypes
import sys

library = ctypes.CDLL('libnanomsg.so.5')
AF_SP, NN_PAIR = 1, 16
pair = library.nn_socket(AF_SP, NN_PAIR)
if library.nn_bind(pair, f'ws://127.0.0.1:{sys.argv[1]}'.encode()) < 0:
    sys.exit('nn_bind')
room = ctypes.create_string_buffer(65536)
while True:
    length = library.nn_recv(pair, room, 65536, 0)
    if length >= 0:
        library.nn_send(pair, room, length, 0)
PY
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');
const { WebSocket } = require('ws');

(async () => {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  const server = spawn('/usr/bin/python3', ['server.py', String(port)], { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGKILL'));
  await wait(1000);
  const seen = async (name, act, protocols = ['pair.sp.nanomsg.org'], time = 700) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocols);
    const told = [];
    socket.on('message', (data, isBinary) => told.push(`${isBinary ? 'bytes' : 'a text'} '${data}'`));
    socket.on('pong', (data) => told.push(`a pong '${data}'`));
    socket.on('close', (code) => told.push(`closed with ${code}`));
    socket.on('error', ({ message }) => told.push(message));
    socket.on('open', () => act(socket));
    await wait(time);
    console.log(`${name}: ${told.join(', ') || 'nothing'}`);
    socket.terminate();
    await wait(300);
  };
  await seen('bytes', (socket) => socket.send(Buffer.from('one')));
  await seen('a text', (socket) => socket.send('two'));
  await seen('a ping', (socket) => socket.ping('ping'));
  await seen('a pong', (socket) => socket.pong('pong'));
  await seen('an empty Close', (socket) => socket.close());
  await seen('no subprotocol', () => {}, []);
  await seen('two subprotocols', () => {}, ['chat', 'pair.sp.nanomsg.org'], 10_000);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
bytes: bytes 'one'
a text: bytes 'two'
a ping: bytes 'ping'
a pong: bytes 'pong'
an empty Close: closed with 1000
no subprotocol: Server sent a subprotocol but none was requested, closed with 1006
two subprotocols: nothing
EXPECTED
echo 'nanomsg 1.1.5: as written down'
