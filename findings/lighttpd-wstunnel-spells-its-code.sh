#!/usr/bin/env bash
# lighttpd 1.4.69 (Debian 12) with mod_wstunnel, which makes a stream of TCP of a WebSocket, in front of a server that returns what comes; a
# client closes with 4001, with 1000 and without a code; sends two texts in one segment; the server behind ends TCP.
# Expected: the client's code in return, or 1000; a message for a message; Close 1000 or 1001 when the server behind has ended.
# Seen: the code in return is always 12592, which no code is: the digits 1000 are sent as letters, "10" for the code and "00" for the reason. A
# strict client, as ws, takes it for a protocol error, 1006. Two texts that are read at once come back as one; the end behind is TCP's end,
# without a Close.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root lighttpd=1.4.69-1 libnettle8 libpcre2-8-0 libxxhash0
for package in *.deb; do dpkg-deb -x "$package" debian; done
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');
const WebSocket = require('ws');

/** A frame of a client, with a mask of zeros; 125 bytes at most. */
const frame = (first, payload) => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);

(async () => {
  const behind = net.createServer((socket) => {
    socket.on('error', () => {}).on('data', (bytes) => (String(bytes) === 'end' ? socket.end() : socket.write(bytes)));
  });
  await once(behind.listen(0, '127.0.0.1'), 'listening');
  const free = net.createServer();
  await once(free.listen(0, '127.0.0.1'), 'listening');
  const { port } = free.address();
  free.close();
  writeFileSync(
    'lighttpd.conf',
    `server.modules = ("mod_wstunnel")
server.document-root = "${process.cwd()}"
server.bind = "127.0.0.1"
server.port = ${port}
wstunnel.server = ("/" => (("host" => "127.0.0.1", "port" => ${behind.address().port})))
wstunnel.frame-type = "text"
`,
  );
  const lighttpd = spawn('debian/usr/sbin/lighttpd', ['-D', '-f', 'lighttpd.conf', '-m', 'debian/usr/lib/lighttpd'], { stdio: 'ignore' });
  process.on('exit', () => lighttpd.kill());
  await wait(1000);
  const frames = async (name, ...sent) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    let end = 'TCP open';
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes]))).on('end', () => (end = 'TCP ends'));
    socket.write(
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await wait(500);
    for (const bytes of sent) socket.write(bytes);
    await wait(800);
    const seen = [];
    let rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
    for (; rest.length > 0; rest = rest.subarray(2 + rest[1])) {
      const payload = rest.subarray(2, 2 + rest[1]);
      seen.push((rest[0] & 15) === 8 ? `Close ${payload.readUInt16BE(0)} '${payload.subarray(2)}'` : `a text, '${payload}'`);
    }
    console.log(`${name}: ${[...seen, end].join(', ')}`);
    socket.destroy();
  };
  await frames('4001', frame(0x88, [0x0f, 0xa1]));
  await frames('1000', frame(0x88, [0x03, 0xe8]));
  await frames('no code', frame(0x88, []));
  await frames('two texts', Buffer.concat([frame(0x81, 'one'), frame(0x81, 'two')]));
  await frames('the end behind', frame(0x81, 'end'));
  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  await once(client, 'open');
  client.on('error', ({ message }) => console.log(`ws: ${message}`)).on('close', (code) => {
    console.log(`ws closes with 1000: ${code}`);
    process.exit();
  });
  client.close(1000);
})();
JS
timeout 40 node run.cjs | tee seen
diff - seen <<'EXPECTED'
4001: Close 12592 '00', TCP ends
1000: Close 12592 '00', TCP ends
no code: Close 12592 '00', TCP ends
two texts: a text, 'onetwo', TCP open
the end behind: TCP ends
ws: Invalid WebSocket frame: invalid status code 12592
ws closes with 1000: 1006
EXPECTED
echo 'lighttpd 1.4.69: as written down'
