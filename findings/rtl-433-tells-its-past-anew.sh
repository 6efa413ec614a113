#!/usr/bin/env bash
# rtl_433 22.11 (Debian 12), which hears sensors by radio, with `-F http` and a receiver that has silence alone (rtl_tcp, played by this
# script): three clients connect, one behind the other, and another that offers two subprotocols.
# Expected: each is told the receiver's settings once, when it connects; one of the subprotocols is chosen, or none.
# Seen: the settings go into the list of what was heard, of which everybody is told all at the opening: twice to the first client, three
# times to the second, four times to the third; and all who are connected hear them again whenever somebody connects. Both subprotocols are
# chosen, in one field.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root rtl-433=22.11-1 librtlsdr0=0.6.0-4 libsoapysdr0.8=0.8.1-3 libusb-1.0-0
for package in *.deb; do dpkg-deb -x "$package" debian; done
export HOME="$folder" LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu:$folder/debian/lib/$(uname -m)-linux-gnu"
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');

/** How many texts of a server are in these bytes, all of them settings. */
const count = (bytes) => {
  let seen = 0;
  for (let rest = bytes; rest.length >= 4; rest = rest.subarray(4 + rest.readUInt16BE(2))) {
    if (rest[0] === 0x81 && rest[1] === 126 && String(rest.subarray(4)).startsWith('{"frequencies"')) seen++;
  }
  return seen;
};

const port = async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
};

(async () => {
  const radio = net.createServer((socket) => {
    socket.on('error', () => {}).resume();
    socket.write(Buffer.from('RTL0\0\0\0\x05\0\0\0\x1d', 'latin1'));
    setInterval(() => socket.writableLength < 1_000_000 && socket.write(Buffer.alloc(16_384, 128)), 20);
  });
  await once(radio.listen(0, '127.0.0.1'), 'listening');
  const at = await port();
  const options = ['-c', '/dev/null', '-d', `rtl_tcp:127.0.0.1:${radio.address().port}`, '-F', `http:127.0.0.1:${at}`];
  const rtl433 = spawn('debian/usr/bin/rtl_433', options, { stdio: 'ignore' });
  process.on('exit', () => rtl433.kill('SIGKILL'));

  const open = async (fields = '') => {
    for (;;) {
      const socket = net.connect(at, '127.0.0.1');
      const isThere = await new Promise((resolve) => socket.on('connect', () => resolve(true)).on('error', () => resolve(false)));
      if (isThere) {
        const it = { socket, received: Buffer.alloc(0) };
        socket.on('data', (bytes) => (it.received = Buffer.concat([it.received, bytes])));
        socket.write(
          'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
            `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields}\r\n`,
        );
        await wait(1500);
        return it;
      }
      await wait(200);
    }
  };
  const told = ({ received }) => count(received.subarray(received.indexOf('\r\n\r\n') + 4));

  const clients = [];
  for (const name of ['first', 'second', 'third']) {
    clients.push(await open());
    console.log(`when the ${name} has connected: settings ${clients.map((client) => `${told(client)} times`).join(', ')}`);
  }

  const { received } = await open('Sec-WebSocket-Protocol: chat, superchat\r\n');
  console.log(/sec-websocket-protocol:.*/i.exec(String(received))?.[0]);
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
when the first has connected: settings 2 times
when the second has connected: settings 3 times, 3 times
when the third has connected: settings 4 times, 4 times, 4 times
Sec-WebSocket-Protocol: chat, superchat
EXPECTED
echo 'rtl_433 22.11: as written down'
