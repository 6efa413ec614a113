#!/usr/bin/env bash
# Apache Traffic Server 9.2.5 (Debian 12; it calls itself 9.2.9) in front of ws 8.23.0: remap.config has a line for http:, one for ws:, or both.
# Expected: as with other proxies, a WebSocket's handshake is an HTTP request, and the line for http: is the one for it.
# Seen: the handshake is 404, "Not Found on Accelerator", without a line for ws:, and the same path as a request is answered. With a line
# for ws: alone it is the other way around.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root trafficserver=9.2.5+ds-0+deb12u4 libhwloc15 libluajit2-5.1-2 libluajit2-5.1-common \
  libmaxminddb0 libyaml-cpp0.7 libjansson4 libbrotli1 libcap2 libpcre3 libtcl8.6 libudev1 libcurl4 libgeoip1 libunwind8 libjemalloc2
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$folder/debian/usr/lib/trafficserver:$folder/debian/usr/lib/$architecture:$folder/debian/lib/$architecture"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { chmodSync, cpSync, mkdirSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const { WebSocket, WebSocketServer } = require('ws');

const freePort = async () => {
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** What the proxy answers a WebSocket's handshake, and a request for the same path, with these lines. */
const ask = async (name, lines, back) => {
  const front = await freePort();
  const root = `${__dirname}/${name.replaceAll(' ', '-')}`;
  mkdirSync(root);
  chmodSync(root, 0o777);
  for (const file of ['ip_allow.yaml', 'logging.yaml', 'sni.yaml', 'strategies.yaml']) {
    cpSync(`${__dirname}/debian/etc/trafficserver/${file}`, `${root}/${file}`);
  }
  const debian = `${__dirname}/debian/usr`;
  const folders = { prefix: root, exec_prefix: debian, bindir: `${debian}/bin`, sbindir: `${debian}/sbin`, sysconfdir: root };
  Object.assign(folders, { libdir: `${debian}/lib/trafficserver`, libexecdir: `${debian}/lib/trafficserver/modules` });
  for (const name of ['datadir', 'localstatedir', 'runtimedir', 'logdir', 'cachedir', 'includedir', 'mandir', 'infodir']) folders[name] = root;
  writeFileSync(`${root}/runroot.yaml`, Object.entries(folders).map(([key, value]) => `${key}: ${value}\n`).join(''));
  writeFileSync(
    `${root}/records.config`,
    `CONFIG proxy.config.http.server_ports STRING ${front}\nCONFIG proxy.config.admin.user_id STRING nobody\n`,
  );
  const map = lines.map((scheme) => `map ${scheme}://127.0.0.1:${front}/ ${scheme}://127.0.0.1:${back}/\n`);
  writeFileSync(`${root}/remap.config`, map.join(''));
  writeFileSync(`${root}/storage.config`, '\n');
  const proxy = spawn(`${debian}/bin/traffic_server`, [`--run-root=${root}/runroot.yaml`], { stdio: 'ignore' });
  process.on('exit', () => proxy.kill('SIGKILL'));
  const get = () =>
    fetch(`http://127.0.0.1:${front}/chat`).catch(() => new Promise((resolve) => setTimeout(resolve, 300)).then(get));
  const { status } = await get();
  const handshake = await new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${front}/chat`);
    socket.on('open', () => resolve(101));
    socket.on('error', ({ message }) => resolve(message));
  });
  console.log(`${name}: GET ${status}, WebSocket ${handshake}`);
  proxy.kill('SIGKILL');
};

(async () => {
  const server = http.createServer((request, response) => response.end('here'));
  new WebSocketServer({ server });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await ask('a line for http', ['http'], port);
  await ask('a line for ws', ['ws'], port);
  await ask('both lines', ['http', 'ws'], port);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
a line for http: GET 200, WebSocket Unexpected server response: 404
a line for ws: GET 404, WebSocket 101
both lines: GET 200, WebSocket 101
EXPECTED
echo 'Traffic Server 9.2.5: as written down'
