#!/usr/bin/env bash
# lua-resty-websocket 0.08 in nginx 1.22.1 (Debian 12; OpenResty ships the library, too): its client connects to a server that
# answers 403; its server is offered two subprotocols, and is given none to choose.
# Expected: connect() returns nil and an error; no subprotocol, or one of the two.
# Seen: connect() returns 1 whatever the server answers, a 101 or not, and the body of the refusal is read as frames: the error that a
# user sees is about RSV bits. The server's 101 has both subprotocols in one field: a strict client fails the handshake.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root nginx=1.22.1-9+deb12u11 lua-nginx-websocket=0.08-1 lua-resty-core=0.1.25-1 \
  lua-resty-lrucache=0.13-10 libnginx-mod-http-lua=1:0.10.23-1+deb12u1 libnginx-mod-http-ndk=1:0.3.2-3 \
  libluajit2-5.1-2=2.1-20230119-1 libluajit2-5.1-common=2.1-20230119-1
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$architecture"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const http = require('node:http');
const { WebSocket } = require('ws');

(async () => {
  const refusing = http.createServer();
  refusing.on('upgrade', (request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nnot today\n'));
  await once(refusing.listen(0, '127.0.0.1'), 'listening');
  const free = http.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  writeFileSync(
    'nginx.conf',
    `load_module ${__dirname}/debian/usr/lib/nginx/modules/ndk_http_module.so;
    load_module ${__dirname}/debian/usr/lib/nginx/modules/ngx_http_lua_module.so;
    user root; worker_processes 1; daemon off; pid ${__dirname}/pid; error_log ${__dirname}/log;
    events {}
    http {
      access_log off;
      client_body_temp_path ${__dirname}/1; proxy_temp_path ${__dirname}/2; fastcgi_temp_path ${__dirname}/3;
      uwsgi_temp_path ${__dirname}/4; scgi_temp_path ${__dirname}/5;
      lua_package_path "${__dirname}/debian/usr/share/lua/5.1/?.lua;;";
      server {
        listen 127.0.0.1:${port};
        location /client {
          content_by_lua_block {
            local socket = require("nginx.websocket.client"):new { timeout = 3000 }
            local connected, why = socket:connect("ws://127.0.0.1:${refusing.address().port}/")
            ngx.say("connect() returns ", connected, ", ", why)
            local data, kind, problem = socket:recv_frame()
            ngx.say("recv_frame() returns ", data, ", ", kind, ", ", problem)
          }
        }
        location /server {
          content_by_lua_block {
            local socket = require("nginx.websocket.server"):new { timeout = 3000 }
            if socket then socket:recv_frame() end
          }
        }
      }
    }\n`,
  );
  const nginx = spawn('debian/usr/sbin/nginx', ['-p', __dirname, '-c', `${__dirname}/nginx.conf`], { stdio: 'ignore' });
  process.on('exit', () => nginx.kill());
  const get = () => fetch(`http://127.0.0.1:${port}/client`).catch(() => new Promise((resolve) => setTimeout(resolve, 200)).then(get));
  const response = await get();
  console.log(`answered 403: ${(await response.text()).trim().replace('\n', '; ')}`);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/server`, ['one.example', 'two.example']);
  socket.on('upgrade', ({ headers }) => console.log(`the 101 says '${headers['sec-websocket-protocol']}'`));
  socket.on('error', ({ message }) => console.log(`ws: ${message}`));
  await new Promise((resolve) => socket.on('close', resolve));
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
answered 403: connect() returns 1, nil; recv_frame() returns nil, nil, bad RSV1, RSV2, or RSV3 bits
the 101 says 'one.example,two.example'
ws: Server sent an invalid subprotocol
EXPECTED
echo 'lua-resty-websocket 0.08: as written down'
