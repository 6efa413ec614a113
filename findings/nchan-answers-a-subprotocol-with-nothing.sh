#!/usr/bin/env bash
# nchan 1.3.6, nginx 1.22.1 (Debian 12): a subscriber offers a subprotocol.
# Expected: what nchan doesn't know is left out of its answer.
# Seen: the 101 has an empty Sec-WebSocket-Protocol field, which is no token (RFC 6455 §4.3): a strict client fails the connection.
# Its own, ws+meta.nchan, is named.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root nginx=1.22.1-9+deb12u11 libnginx-mod-nchan=1:1.3.6+dfsg-2
for package in *.deb; do dpkg-deb -x "$package" debian; done
debian/usr/sbin/nginx -v 2>&1 | sed 's/.*nginx version: //' | tee seen
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const net = require('node:net');
const { WebSocket } = require('ws');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** The Sec-WebSocket-Protocol field that answers this offer. */
const field = (port, offer) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => setTimeout(() => resolve(field(port, offer)), 200));
    socket.write(
      `GET /subscribe HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${offer}\r\n\r\n`,
    );
    socket.once('data', (head) => {
      socket.destroy();
      resolve(JSON.stringify(/sec-websocket-protocol:.*/i.exec(head)?.[0] ?? 'none'));
    });
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
        location /subscribe { nchan_subscriber websocket; nchan_channel_id news; }
      }
    }\n`,
  );
  const nginx = spawn('debian/usr/sbin/nginx', ['-p', __dirname, '-e', 'stderr', '-c', 'nginx.conf'], { stdio: ['ignore', 'ignore', 'inherit'] });
  process.on('exit', () => nginx.kill('SIGKILL'));

  for (const offer of ['chat', 'chat, ws+meta.nchan', 'ws+meta.nchan']) {
    console.log(`offered ${offer}: ${await field(port, offer)}`);
  }
  await new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/subscribe`, 'chat');
    socket.on('open', () => console.log('ws opens'));
    socket.on('error', ({ message }) => console.log(`ws: ${message}`));
    socket.on('close', resolve);
  });
  process.exit();
})();
JS
timeout 60 node run.cjs | tee -a seen
diff - seen <<'EXPECTED'
nginx/1.22.1
offered chat: "Sec-WebSocket-Protocol: "
offered chat, ws+meta.nchan: "Sec-WebSocket-Protocol: "
offered ws+meta.nchan: "Sec-WebSocket-Protocol: ws+meta.nchan"
ws: Server sent an invalid subprotocol
EXPECTED
echo 'nchan 1.3.6: as written down'
