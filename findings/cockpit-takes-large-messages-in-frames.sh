#!/usr/bin/env bash
# Cockpit 287.1 (Debian 12's cockpit-ws, with a bridge of its own): a client that sends no Origin, as programs do; one that offers no
# subprotocol; one that sends a message of 200,000 bytes, in one frame and in four; one that closes with 4001.
# Expected: a 101 without a subprotocol for each; the message is answered either way, or refused with 1009; a Close frame in return.
# Seen: 403 without an Origin; 'cockpit1' is chosen though nobody offered it, which a client has to take for a failed handshake. In one
# frame the message ends TCP without a Close frame, in four it is answered: 128 KiB is the limit of a frame. 4001 is returned.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root cockpit-ws=287.1-0+deb12u3 cockpit-bridge=287.1-0+deb12u3 libjson-glib-1.0-0 libssh-4 \
  libglib2.0-0 libgnutls30 libgssapi-krb5-2
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
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

/** A frame of a client, with a mask of zeros. */
const frame = (first, payload) => {
  const head = Buffer.from([first, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(payload.length, 6);
  if (payload.length >= 65536) return Buffer.concat([head, Buffer.from(payload)]);
  const short = payload.length < 126 ? [first, 0x80 | payload.length] : [first, 0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([...short, 0, 0, 0, 0]), Buffer.from(payload)]);
};

/** Opens a WebSocket with these fields, and sends this; resolves to the status, the subprotocol, what came last, and how it ended. */
const exchange = (port, fields, ...sent) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = '';
    let end = 'TCP open';
    socket.on('error', ({ code }) => {
      if (code === 'ECONNREFUSED') setTimeout(() => resolve(exchange(port, fields, ...sent)), 200);
    });
    socket.on('data', (bytes) => (received += bytes.toString('latin1')));
    socket.on('end', () => (end = 'TCP ends'));
    socket.once('data', () => {
      // The server says its 'init' first, and wants the client's before anything else.
      sent.forEach((each, index) => setTimeout(() => socket.write(each), 300 + index * 100));
      setTimeout(() => {
        const subprotocol = /Sec-WebSocket-Protocol: (\S+)/.exec(received)?.[1] ?? 'none';
        const close = received.includes('\x88\x02\x0f\xa1') ? 'Close 4001, ' : '';
        const pong = received.includes('"command":"pong"') ? 'answered, ' : '';
        resolve(`${received.slice(9, 12)}, subprotocol ${subprotocol}, ${pong}${close}${end}`);
        socket.destroy();
      }, 2500);
    });
    socket.write(
      `GET /cockpit/socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields.join('')}` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });

(async () => {
  const port = await freePort();
  const options = ['-p', port, '-a', '127.0.0.1', '--local-session=debian/usr/bin/cockpit-bridge'];
  const server = spawn('debian/usr/lib/cockpit/cockpit-ws', options, { stdio: 'ignore' });
  process.on('exit', () => server.kill());
  const origin = `Origin: http://127.0.0.1:${port}\r\n`;
  const subprotocol = 'Sec-WebSocket-Protocol: cockpit1\r\n';
  const init = frame(0x81, '\n{"command":"init","version":1,"host":"localhost"}');
  const [first, middle, last] = ['\n{"command":"ping","it":"', 'x'.repeat(100_000), '"}'];
  const fragments = [frame(0x01, first), frame(0x00, middle), frame(0x00, middle), frame(0x80, last)];
  console.log(`no Origin: ${await exchange(port, [subprotocol])}`);
  console.log(`no subprotocol: ${await exchange(port, [origin])}`);
  console.log(`a ping of its own: ${await exchange(port, [origin, subprotocol], init, frame(0x81, `${first}x${last}`))}`);
  console.log(`one frame: ${await exchange(port, [origin, subprotocol], init, frame(0x81, first + middle + middle + last))}`);
  console.log(`four frames: ${await exchange(port, [origin, subprotocol], init, ...fragments)}`);
  console.log(`Close 4001: ${await exchange(port, [origin, subprotocol], init, frame(0x88, Buffer.from([0x0f, 0xa1])))}`);
  process.exit();
})();
JS
timeout 40 node run.cjs | tee seen
diff - seen <<'EXPECTED'
no Origin: 403, subprotocol none, TCP ends
no subprotocol: 101, subprotocol cockpit1, TCP open
a ping of its own: 101, subprotocol cockpit1, answered, TCP open
one frame: 101, subprotocol cockpit1, TCP ends
four frames: 101, subprotocol cockpit1, answered, TCP open
Close 4001: 101, subprotocol cockpit1, Close 4001, TCP ends
EXPECTED
echo 'cockpit-ws 287.1: as written down'
