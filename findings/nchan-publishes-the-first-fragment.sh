#!/usr/bin/env bash
# nchan 1.3.6, nginx 1.22.1 (Debian 12): a publisher sends a text in one frame, and in two.
# Expected: subscribers get the same message both times.
# Seen: of the two frames they get the first, as a whole message. The publisher is told that it is in the queue, and then gets two
# Close frames, one without a code and one with 1000 and the reason '410 Gon'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root nginx=1.22.1-9+deb12u11 libnginx-mod-nchan=1:1.3.6+dfsg-2
for package in *.deb; do dpkg-deb -x "$package" debian; done
debian/usr/sbin/nginx -v 2>&1 | sed 's/.*nginx version: //' | tee seen
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
const frame = (first, text) =>
  Buffer.concat([Buffer.from([first, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

/** Opens a WebSocket, sends these frames, and resolves to what has come by a second later: short frames without a mask. */
const exchange = (port, path, frames = []) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    socket.on('error', () => setTimeout(() => resolve(exchange(port, path, frames)), 200));
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
    socket.once('data', () => {
      socket.write(Buffer.concat(frames));
      setTimeout(() => {
        socket.destroy();
        const seen = [];
        let rest = received.subarray(received.indexOf('\r\n\r\n') + 4);
        for (; rest.length >= 2; rest = rest.subarray(2 + rest[1])) {
          const payload = rest.subarray(2, 2 + rest[1]);
          if (rest[0] !== 0x88) seen.push(`'${payload}'`.replace(/'queued messages[^]*/, 'its queue'));
          else seen.push(payload.length < 2 ? 'Close without a code' : `Close ${payload.readUInt16BE(0)} '${payload.subarray(2)}'`);
        }
        resolve(seen.join(', ') || 'nothing');
      }, 1000);
    });
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
  });

(async () => {
  const port = await freePort();
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path temp;`).join(' ');
  writeFileSync(
    'nginx.conf',
    `load_module ${__dirname}/debian/usr/lib/nginx/modules/ngx_nchan_module.so;
    daemon off; master_process off; pid nginx.pid; error_log stderr crit;
    events {}
    http {
      access_log off; ${folders}
      server {
        listen 127.0.0.1:${port};
        location ~ ^/subscribe/(.+)$ { nchan_subscriber websocket; nchan_channel_id $1; }
        location ~ ^/publish/(.+)$ { nchan_publisher websocket; nchan_channel_id $1; }
      }
    }\n`,
  );
  const nginx = spawn('debian/usr/sbin/nginx', ['-p', __dirname, '-e', 'stderr', '-c', 'nginx.conf'], { stdio: ['ignore', 'ignore', 'inherit'] });
  process.on('exit', () => nginx.kill('SIGKILL'));

  const frames = { 'one frame': [frame(0x81, 'a text')], 'two frames': [frame(0x01, 'a '), frame(0x80, 'text')] };
  for (const [index, [what, sent]] of Object.entries(frames).entries()) {
    console.log(`${what}: ${await exchange(port, `/publish/${index}`, sent)}`);
    console.log(`a subscriber: ${await exchange(port, `/subscribe/${index}`)}`);
  }
  process.exit();
})();
JS
timeout 60 node run.cjs | tee -a seen
diff - seen <<'EXPECTED'
nginx/1.22.1
one frame: its queue
a subscriber: 'a text'
two frames: its queue, Close without a code, Close 1000 '410 Gon'
a subscriber: 'a '
EXPECTED
echo 'nchan 1.3.6: as written down'
