#!/usr/bin/env bash
# Caddy 2.6.2 (Debian 12) as a reverse proxy with an open WebSocket, and its configuration is loaded anew.
# Expected: a proxy that passes bytes on leaves the connection alone, or ends TCP on both sides.
# Seen: it writes a WebSocket frame of its own, Close 1001, to both sides at once. To the server, for which it is the
# client, without a mask: RFC 6455 §5.1 has the server fail the connection for that, and it reports a protocol error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root caddy=2.6.2-5
dpkg-deb -x caddy_*.deb debian
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { execFileSync, spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const net = require('node:net');
const WebSocket = require('ws');

const caddy = 'debian/usr/bin/caddy';
const env = { ...process.env, HOME: process.cwd(), XDG_DATA_HOME: process.cwd(), XDG_CONFIG_HOME: process.cwd() };
const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const origin = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  const [admin, port] = [await freePort(), await freePort()];
  const configure = (word) =>
    writeFileSync(
      'Caddyfile',
      `{\n admin 127.0.0.1:${admin}\n auto_https off\n}\nhttp://127.0.0.1:${port} {\n bind 127.0.0.1\n` +
        ` header X-Word ${word}\n reverse_proxy 127.0.0.1:${origin.address().port}\n}\n`,
    );
  const files = ['--config', 'Caddyfile', '--adapter', 'caddyfile'];
  configure('one');
  const proxy = spawn(caddy, ['run', ...files], { env, stdio: 'ignore' });
  process.on('exit', () => proxy.kill());
  const connect = () => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/`);
    client.on('error', () => setTimeout(connect, 200));
    client.on('open', () => {
      client.on('close', (code) => console.log(`the client is told: ${code}`));
      configure('two');
      execFileSync(caddy, ['reload', ...files, '--address', `127.0.0.1:${admin}`], { env, stdio: 'ignore' });
      setTimeout(() => process.exit(), 2000);
    });
  };
  connect();
});
origin.on('connection', (socket, request) => {
  request.socket.on('data', (bytes) => console.log(`the server gets the bytes: ${bytes.toString('hex')}`));
  socket.on('error', (error) => console.log(`the server fails: ${error.code}`));
});
JS
timeout 60 node run.cjs | sort | tee seen
diff - seen <<'EXPECTED'
the client is told: 1001
the server fails: WS_ERR_EXPECTED_MASK
the server gets the bytes: 880203e9
EXPECTED
echo 'Caddy 2.6.2: as written down'
