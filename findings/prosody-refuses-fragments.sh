#!/usr/bin/env bash
# prosody 0.12.3 (Debian 12), XMPP over WebSocket: a stream is opened by a text in one frame, and in two; a client closes with 4001;
# the server is told to end.
# Expected: two frames are one message; 4001 comes back; Close 1001 when it ends.
# Seen: the two are refused with 1003, "Continuation frames are not supported", and RFC 7395 is given for it: a library that sends
# messages in pieces can't speak to it. 4001 is answered with 1000, 'Goodbye', and at its end TCP ends, without a Close frame.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root prosody=0.12.3-1+deb12u1 lua5.4=5.4.4-3+deb12u1 lua-expat=1.5.1-3 \
  lua-filesystem=1.8.0-3 lua-bitop=1.0.2-7 lua-socket=3.1.0-1+b1 lua-sec=1.2.0-2
for package in *.deb; do dpkg-deb -x "$package" debian; done
library="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$library"
export LUA_PATH="$folder/debian/usr/share/lua/5.4/?.lua;$folder/debian/usr/share/lua/5.4/?/init.lua;;"
export LUA_CPATH="$library/lua/5.4/?.so;;"
mkdir data certs
sed -e "s#^CFG_SOURCEDIR=.*#CFG_SOURCEDIR='$folder/debian/usr/lib/prosody';#" -e "s#^CFG_CONFIGDIR=.*#CFG_CONFIGDIR='$folder';#" \
  -e "s#^CFG_PLUGINDIR=.*#CFG_PLUGINDIR='$folder/debian/usr/lib/prosody/modules/';#" \
  -e "s#^CFG_DATADIR=.*#CFG_DATADIR='$folder/data';#" debian/usr/bin/prosody >prosody.lua
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const net = require('node:net');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A frame of a client, with a mask of zeros. */
const frame = (first, payload) =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** Opens a WebSocket, sends these frames, and then acts; resolves to what came until TCP ended: frames without a mask. */
const exchange = (port, frames, act = () => {}) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    socket.on('error', () => setTimeout(() => resolve(exchange(port, frames, act)), 300));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.once('data', () => {
      socket.write(Buffer.concat(frames));
      setTimeout(() => act(socket), 1000);
    });
    socket.on('end', () => {
      const seen = [];
      let rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
      while (rest.length >= 2) {
        const start = rest[1] < 126 ? 2 : 4;
        const end = start + (start === 2 ? rest[1] : rest.readUInt16BE(2));
        const payload = rest.subarray(start, end);
        seen.push(rest[0] === 0x88 ? `Close ${payload.readUInt16BE(0)} '${payload.subarray(2)}'` : /^<[\w:]+/.exec(payload)[0] + '>');
        rest = rest.subarray(end);
      }
      resolve([...seen, 'TCP ends'].join(', '));
    });
    socket.write(
      'GET /xmpp-websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  writeFileSync(
    'prosody.cfg.lua',
    `modules_enabled = { "websocket", "saslauth" }; modules_disabled = { "s2s", "tls", "offline", "posix" }
    data_path = "data"; log = { error = "prosody.log" }; c2s_require_encryption = false; consider_websocket_secure = true
    c2s_ports = {}; s2s_ports = {}; https_ports = {}; http_ports = { ${port} }; http_interfaces = { "127.0.0.1" }
    authentication = "anonymous"; run_as_root = true
    VirtualHost "localhost"
    http_host = "127.0.0.1"\n`,
  );
  const prosody = spawn('debian/usr/bin/lua5.4', ['prosody.lua', '--config', `${__dirname}/prosody.cfg.lua`, '-F', '--root'], { stdio: 'ignore' });
  process.on('exit', () => prosody.kill('SIGKILL'));
  const open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";
  const whole = [frame(0x81, open)];
  const close = frame(0x88, Buffer.concat([Buffer.from([0x0f, 0xa1]), Buffer.from('why')]));
  console.log(`one frame, and Close 4001: ${await exchange(port, whole, (socket) => socket.write(close))}`);
  console.log(`two frames: ${await exchange(port, [frame(0x01, open.slice(0, 20)), frame(0x80, open.slice(20))])}`);
  console.log(`the server ends: ${await exchange(port, whole, () => prosody.kill())}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
one frame, and Close 4001: <open>, <stream:features>, Close 1000 'Goodbye', TCP ends
two frames: Close 1003 'Continuation frames are not supported, RFC 7395 3.3.3', TCP ends
the server ends: <open>, <stream:features>, TCP ends
EXPECTED
echo 'prosody 0.12.3: as written down'
