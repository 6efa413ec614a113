#!/usr/bin/env bash
# ejabberd 23.01 (Debian 12), XMPP over WebSocket, with websocket_ping_interval of 2 seconds and websocket_timeout of 5: a client
# opens a stream and closes with 4001; one answers no pings.
# Expected: 4001 in return, and then the end of TCP; a code of trouble for who answers no pings.
# Seen: 4001 comes back and TCP stays open: a second Close frame, 1000, follows seconds later, at times with a ping before it, and then
# TCP ends. By default that is after minutes. Who answers no pings is closed with 1000, too: as in a normal end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root ejabberd=23.01-1 erlang-base erlang-crypto erlang-asn1 erlang-public-key erlang-ssl \
  erlang-mnesia erlang-inets erlang-syntax-tools erlang-os-mon erlang-parsetools erlang-xmerl erlang-eldap erlang-tools \
  erlang-runtime-tools erlang-odbc erlang-base64url erlang-goldrush erlang-unicode-util-compat erlang-idna erlang-jiffy erlang-jose \
  erlang-lager erlang-p1-acme erlang-p1-cache-tab erlang-p1-eimp erlang-p1-mqtree erlang-p1-pkix erlang-p1-stringprep erlang-p1-stun \
  erlang-p1-tls erlang-p1-utils erlang-p1-xml erlang-p1-xmpp erlang-p1-yaml erlang-p1-yconf erlang-p1-zlib libyaml-0-2 libexpat1
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
export ROOTDIR="$folder/debian/usr/lib/erlang" EMU=beam PROGNAME=erl ERL_CRASH_DUMP=/dev/null HOME="$folder"
BINDIR=$(echo "$ROOTDIR"/erts-*/bin)
export BINDIR ERL_LIBS="$folder/debian/usr/lib/$architecture"
export EJABBERD_CONFIG_PATH="$folder/ejabberd.yml" EJABBERD_LOG_PATH="$folder/ejabberd.log"
mkdir database
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

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload = '') =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

/** The frames of a server in these bytes, in words. */
const frames = (bytes) => {
  const seen = [];
  let rest = bytes;
  while (rest.length >= 2) {
    const start = rest[1] < 126 ? 2 : 4;
    const end = start + (start === 2 ? rest[1] : rest.readUInt16BE(2));
    const payload = rest.subarray(start, end);
    const name = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'Close', 9: 'ping', 10: 'pong' }[rest[0] & 0x0f];
    const code = payload.length >= 2 ? `${payload.readUInt16BE(0)} '${payload.subarray(2)}'` : 'without a code';
    seen.push(name === 'Close' ? `Close ${code}` : `${name} '${payload}'`);
    rest = rest.subarray(end);
  }
  return seen;
};

/** Opens a WebSocket and a stream in it, and sends these frames; resolves to the Close frames that came until TCP ended. */
const exchange = (port, ...sent) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    socket.on('error', () => setTimeout(() => resolve(exchange(port, ...sent)), 300));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.once('data', () => {
      const open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";
      socket.write(Buffer.concat([frame(0x81, open), ...sent]));
    });
    socket.on('end', () => {
      const seen = frames(received.subarray(received.indexOf('\r\n\r\n') + 4)).filter((frame) => frame.startsWith('Close'));
      resolve([...seen, 'TCP ends'].join(', '));
    });
    socket.write(
      'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  writeFileSync(
    'ejabberd.yml',
    `hosts: [localhost]
auth_method: [anonymous]
listen:
  - { port: ${port}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: { /ws: ejabberd_http_ws } }
websocket_ping_interval: 2
websocket_timeout: 5
modules: {}\n`,
  );
  const start = ['-noshell', '-mnesia', 'dir', `"${__dirname}/database"`, '-eval', 'application:ensure_all_started(ejabberd).'];
  const server = spawn(`${process.env.BINDIR}/erlexec`, start, { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGKILL'));
  console.log(`Close 4001: ${await exchange(port, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  console.log(`no pongs: ${await exchange(port)}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Close 4001: Close 4001 '', Close 1000 '', TCP ends
no pongs: Close 1000 '', TCP ends
EXPECTED
echo 'ejabberd 23.01: as written down'
