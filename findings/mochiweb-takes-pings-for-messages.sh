#!/usr/bin/env bash
# MochiWeb 3.1.1 (Debian 12), mochiweb_websocket, an application that returns what it is called with: a client pings; it pings between
# the two frames of a text; it sends a pong unasked and then a text; it sends a text of 70,000 bytes; it closes with 4001.
# Expected: a pong, the text as it was sent, the texts alone, and a Close frame in return.
# Seen: the bytes of pings and pongs are handed to the application as if they were the client's message, in the midst of a text, too,
# and no pong is sent. A text that does not come in one read ends the connection, and a Close frame ends TCP alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root erlang-mochiweb=3.1.1-1 erlang-base erlang-crypto erlang-inets erlang-xmerl erlang-ssl \
  erlang-public-key erlang-asn1 erlang-syntax-tools
for package in *.deb; do dpkg-deb -x "$package" debian; done
export ROOTDIR="$folder/debian/usr/lib/erlang" EMU=beam PROGNAME=erl ERL_CRASH_DUMP=/dev/null HOME="$folder"
BINDIR=$(echo "$ROOTDIR"/erts-*/bin)
export BINDIR
cat >returning.erl <<'ERL'
-module(returning).
-export([start/0, loop/1, received/3]).

start() ->
    {ok, _} = mochiweb_http:start([{name, returning}, {ip, "127.0.0.1"}, {port, list_to_integer(os:getenv("PORT"))}, {loop, fun returning:loop/1}]),
    timer:sleep(infinity).

loop(Request) ->
    {Enter, _} = mochiweb_websocket:upgrade_connection(Request, fun returning:received/3),
    Enter([]).

received(Payload, State, Reply) ->
    Reply(Payload),
    State.
ERL
"$BINDIR/erlexec" -noshell -eval 'compile:file("returning.erl"), halt().'
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
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

/** Opens a WebSocket, and sends this; resolves to what came within a second and a half. */
const exchange = (port, ...sent) =>
  new Promise((resolve) => {
    let received = Buffer.alloc(0);
    let end = '';
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', ({ code }) => {
      if (code === 'ECONNREFUSED') setTimeout(() => resolve(exchange(port, ...sent)), 200);
      else end = 'TCP ends';
    });
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      socket.write(Buffer.concat(sent));
      setTimeout(() => {
        resolve([...frames(received.subarray(received.indexOf('\r\n\r\n') + 4)), end].filter(Boolean).join(', '));
        socket.destroy();
      }, 1500);
    });
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const modules = `${process.env.ROOTDIR}/lib/mochiweb/ebin`;
  const options = ['-noshell', '-pa', modules, '-pa', '.', '-run', 'returning', 'start'];
  const server = spawn(`${process.env.BINDIR}/erlexec`, options, { stdio: 'ignore', env: { ...process.env, PORT: port } });
  process.on('exit', () => server.kill('SIGKILL'));
  const large = Buffer.alloc(70014, 'x');
  large.set([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70, 0, 0, 0, 0]);
  console.log(`a ping: ${await exchange(port, frame(0x89, 'ping'))}`);
  console.log(`a ping within a text: ${await exchange(port, frame(0x01, 'Hel'), frame(0x89, 'ping'), frame(0x80, 'lo'))}`);
  console.log(`a pong and a text: ${await exchange(port, frame(0x8a, 'pong'), frame(0x81, 'Hello'))}`);
  console.log(`a text of 70,000 bytes: ${await exchange(port, large)}`);
  console.log(`Close 4001: ${await exchange(port, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
a ping: text 'ping'
a ping within a text: text 'Helpinglo'
a pong and a text: text 'pongHello'
a text of 70,000 bytes: TCP ends
Close 4001: TCP ends
EXPECTED
echo 'MochiWeb 3.1.1: as written down'
