#!/usr/bin/env bash
# InspIRCd 3.15.0 (Debian 12), IRC over WebSocket: a client pings every 5 seconds; one sends a pong unasked and a ping behind it; one
# leaves IRC with QUIT, and one closes with 4001.
# Expected: a pong for each ping, nothing for a pong; a Close frame for QUIT, and 4001 in return.
# Seen: two pings or pongs of a client within ten seconds are a flood: Close 1008 for the second. QUIT and a Close frame are
# answered by the end of TCP alone. A `pingInterval` below ten seconds loses the connection at the second ping.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root inspircd=3.15.0-1 libhttp-parser2.9 libargon2-1 libgnutls30 libmaxminddb0 libre2-9 \
  libtre5 libpcre2-8-0
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
mkdir data log run
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

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

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

/** Opens a WebSocket and enters IRC, and then acts; resolves to the frames, but texts, that came until `ms` later or the end of TCP. */
const exchange = async (port, act, ms) => {
  let received = Buffer.alloc(0);
  let end = '';
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
  socket.on('end', () => (end = 'TCP ends'));
  socket.write(
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Origin: http://example.com\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await wait(500);
  const head = received.indexOf('\r\n\r\n');
  if (head < 0) return exchange(port, act, ms);
  const name = `guest${exchange.count++}`;
  socket.write(Buffer.concat([frame(0x81, `NICK ${name}`), frame(0x81, `USER ${name} a a a`)]));
  await wait(1500);
  act(socket);
  await wait(ms);
  socket.destroy();
  const seen = frames(received.subarray(head + 4)).filter((frame) => !frame.startsWith('text'));
  return [...seen, end].filter(Boolean).join(', ');
};
exchange.count = 0;

(async () => {
  const port = await freePort();
  writeFileSync(
    'inspircd.conf',
    `<path configdir="${__dirname}" datadir="${__dirname}/data" logdir="${__dirname}/log" runtimedir="${__dirname}/run"
       moduledir="${__dirname}/debian/usr/lib/inspircd/modules">
     <server name="irc.example.com" description="a server" network="Example"> <admin name="a" nick="a" email="a@example.com">
     <bind address="127.0.0.1" port="${port}" type="clients" hook="websocket">
     <module name="websocket"> <module name="sha1"> <wsorigin allow="*"> <websocket sendastext="yes">
     <connect allow="*" resolvehostnames="no" timeout="60" pingfreq="120" useident="no"> <pid file="${__dirname}/pid">\n`,
  );
  const options = ['--nofork', '--runasroot', `--config=${__dirname}/inspircd.conf`];
  const server = spawn('debian/usr/sbin/inspircd', options, { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGKILL'));
  const pings = (ms) => async (socket) => {
    for (let i = 0; i < 2; i++, await wait(ms)) socket.write(frame(0x89, `${i}`));
  };
  const close = frame(0x88, Buffer.from([0x0f, 0xa1]));
  const cases = {
    'two pings, 5 s apart': exchange(port, pings(5000), 7000),
    'two pings, 13 s apart': exchange(port, pings(13000), 14500),
    'a pong and a ping': exchange(port, (socket) => socket.write(Buffer.concat([frame(0x8a, 'a'), frame(0x89, 'b')])), 1500),
    'QUIT': exchange(port, (socket) => socket.write(frame(0x81, 'QUIT :a word')), 1500),
    'Close 4001': exchange(port, (socket) => socket.write(close), 1500),
  };
  for (const name in cases) console.log(`${name}: ${await cases[name]}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
two pings, 5 s apart: pong '0', Close 1008 'WebSocket: Ping/pong flood', TCP ends
two pings, 13 s apart: pong '0', pong '1'
a pong and a ping: Close 1008 'WebSocket: Ping/pong flood', TCP ends
QUIT: TCP ends
Close 4001: TCP ends
EXPECTED
echo 'InspIRCd 3.15.0: as written down'
