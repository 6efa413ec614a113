#!/usr/bin/env bash
# SWUpdate 2022.12 (Debian 12), which updates devices, and tells its progress over WebSocket by the Mongoose that it has inside: a client
# offers two subprotocols; it sends a text, a ping or the last frame of a text, and with it, in one segment, a ping or a Close frame.
# Expected: one subprotocol or none; a pong for each ping, a Close frame for a Close.
# Seen: both are chosen, in one field, which a client has to take for a failed handshake. What stands behind a message in what is read at
# once is dropped: no pong comes, and no Close; behind a ping it is answered, and so it is apart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root swupdate=2022.12+dfsg-4+deb12u3 libswupdate0.1 libwebsockets17 libgpiod2 librsync2 \
  liburiparser1 libjson-c5 libconfig9 libzck1 libev4 libuv1 libcap2 libb2-1 liblua5.3-0 libarchive13 libcurl4 libfdisk1
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture" TMPDIR="$folder"
mkdir page
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=it -keyout key.pem -out certificate.pem 2>/dev/null
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
    const end = 2 + rest[1];
    seen.push({ 8: 'Close', 10: `pong '${rest.subarray(2, end)}'` }[rest[0] & 0x0f] ?? 'a message');
    rest = rest.subarray(end);
  }
  return seen;
};

/** Opens a WebSocket with these fields, and sends these, one after the other; resolves to the subprotocol, and what came. */
const exchange = (port, fields, ...sent) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('error', ({ code }) => {
      if (code === 'ECONNREFUSED') setTimeout(() => resolve(exchange(port, fields, ...sent)), 200);
    });
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      sent.forEach((each, index) => setTimeout(() => socket.write(each), 300 + index * 400));
      setTimeout(() => {
        const subprotocol = /Sec-WebSocket-Protocol: ([^\r]+)/.exec(received.toString('latin1'))?.[1];
        const seen = frames(received.subarray(received.indexOf('\r\n\r\n') + 4));
        resolve([...(subprotocol ? [`subprotocol '${subprotocol}'`] : []), ...seen, end].join(', '));
        socket.destroy();
      }, 1500);
    });
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields}Sec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const options = ['-k', 'certificate.pem', '-w', `-r page -p http://127.0.0.1:${port}`];
  // It starts processes of its own: all of them are ended.
  const server = spawn('debian/usr/bin/swupdate', options, { stdio: 'ignore', detached: true });
  process.on('exit', () => process.kill(-server.pid, 'SIGKILL'));
  const text = frame(0x81, 'Hello');
  const ping = frame(0x89, 'ping');
  const close = frame(0x88, Buffer.from([0x03, 0xe8]));
  const halves = [frame(0x01, 'Hel'), frame(0x80, 'lo')];
  console.log(`two subprotocols: ${await exchange(port, 'Sec-WebSocket-Protocol: one, two\r\n')}`);
  console.log(`a text, and apart a ping: ${await exchange(port, '', text, ping)}`);
  console.log(`a text with a ping: ${await exchange(port, '', Buffer.concat([text, ping]))}`);
  console.log(`a text with a Close: ${await exchange(port, '', Buffer.concat([text, close]))}`);
  console.log(`the end of a text with a ping: ${await exchange(port, '', halves[0], Buffer.concat([halves[1], ping]))}`);
  console.log(`a ping with a Close: ${await exchange(port, '', Buffer.concat([ping, close]))}`);
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
two subprotocols: subprotocol 'one, two', TCP open
a text, and apart a ping: pong 'ping', TCP open
a text with a ping: TCP open
a text with a Close: TCP open
the end of a text with a ping: TCP open
a ping with a Close: pong 'ping', Close, TCP ends
EXPECTED
echo 'SWUpdate 2022.12: as written down'
