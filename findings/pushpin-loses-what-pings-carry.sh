#!/usr/bin/env bash
# Pushpin 1.36.0 (Debian 12, with condure 1.9.1 and zurl 1.11.1), a proxy, in front of ws 8.23.0: pings with bytes from either side, and
# between the frames of a text; an empty Close frame; what it offers the server.
# Expected: as with other proxies, pings go on with their bytes, or are answered with them; a text goes on as it is; an empty Close
# frame as an empty one; no extensions that the client did not offer.
# Seen: pings and pongs lose their bytes on the way, both ways: who waits for its own waits in vain. A ping between two frames of a text
# ends TCP on both sides without a Close frame. An empty Close becomes 1000. The server is offered an extension 'grip'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root pushpin=1.36.0-2 condure=1.9.1-1 zurl=1.11.1-1+b1 libqt5core5a libqt5network5 libqt5dbus5 \
  libzmq5 libdouble-conversion3 libnorm1 libpcre2-16-0 libpgm-5.3-0 libicu72 libsodium23 libglib2.0-0 libbsd0 libmd0 libdbus-1-3
for package in *.deb; do dpkg-deb -x "$package" debian; done
architecture="$(uname -m)-linux-gnu"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const net = require('node:net');
const { WebSocketServer } = require('ws');

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
    const payload = rest.subarray(2, 2 + rest[1]);
    const name = { 1: 'text', 8: 'Close', 9: 'ping', 10: 'pong' }[rest[0] & 0x0f];
    seen.push(`${name} '${name === 'Close' && payload.length > 1 ? payload.readUInt16BE(0) : payload}'`);
    rest = rest.subarray(2 + payload.length);
  }
  return seen;
};

/** Opens a WebSocket through the proxy, and sends these, 300 ms apart; resolves to what came, and whether TCP ended. */
const exchange = async (port, path, ...sent) => {
  let received = Buffer.alloc(0);
  let end = 'TCP is open';
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])));
  socket.on('end', () => (end = 'TCP ends'));
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'data');
  for (const part of [...sent, '']) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    socket.write(part);
  }
  await new Promise((resolve) => setTimeout(resolve, 700));
  const seen = [...frames(received.subarray(received.indexOf('\r\n\r\n') + 4)), end].join(', ');
  socket.destroy();
  return seen;
};

(async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  let offered;
  const came = {};
  server.on('connection', (socket, { url, headers }) => {
    offered = headers['sec-websocket-extensions'];
    const seen = (came[url] = []);
    socket.on('error', () => {});
    socket.on('message', (text) => seen.push(`text '${text}'`));
    socket.on('ping', (bytes) => seen.push(`ping '${bytes}'`));
    socket.on('pong', (bytes) => seen.push(`pong '${bytes}'`));
    socket.on('close', (code) => seen.push(code));
    if (url === '/server-pings') socket.ping('abc');
    if (url === '/server-closes') setTimeout(() => socket.close(), 100);
  });

  const debian = `${__dirname}/debian`;
  const run = `${__dirname}/run`;
  mkdirSync(run);
  const [port, out, sub, http, command] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
  const internal = readFileSync(`${debian}/usr/lib/pushpin/internal.conf`, 'utf8').replaceAll('ipc:///var/run/zurl/', `ipc://${run}/`);
  writeFileSync('internal.conf', internal);
  writeFileSync('routes', `* 127.0.0.1:${server.address().port}\n`);
  const settings = {
    include: `${__dirname}/internal.conf`,
    rundir: run,
    logdir: run,
    services: 'condure,pushpin-proxy,pushpin-handler',
    http_port: port,
    condure_bin: `${debian}/usr/bin/condure`,
    routesfile: `${__dirname}/routes`,
    push_in_spec: `tcp://127.0.0.1:${out}`,
    push_in_sub_specs: `tcp://127.0.0.1:${sub}`,
    push_in_http_port: http,
    command_spec: `tcp://127.0.0.1:${command}`,
  };
  const lines = readFileSync(`${debian}/usr/share/pushpin/pushpin.conf.condure`, 'utf8').split('\n');
  const set = lines.map((line) => (line.split('=')[0] in settings ? `${line.split('=')[0]}=${settings[line.split('=')[0]]}` : line));
  writeFileSync('pushpin.conf', set.join('\n'));
  const zurl = readFileSync(`${debian}/usr/lib/pushpin/runner/zurl.conf.template`, 'utf8');
  // It asks no server on this machine unless it is told to.
  writeFileSync(
    'zurl.conf',
    zurl.replaceAll('{{ rundir }}', run).replace(/^deny=.*/m, 'deny=').replace(/\{\{[^}]*\}\}/g, ''),
  );
  const libraries = `${debian}/usr/lib/${process.argv[2]}:${debian}/lib/${process.argv[2]}`;
  const env = { ...process.env, LD_LIBRARY_PATH: libraries, PATH: `${debian}/usr/bin:${process.env.PATH}` };
  const children = ['zurl', 'pushpin'].map((name) =>
    spawn(`${debian}/usr/bin/${name}`, [`--config=${__dirname}/${name}.conf`], { env, stdio: 'ignore' }),
  );
  process.on('exit', () => children.forEach((child) => child.kill()));
  let status = 0;
  while (status !== 426) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    ({ status } = await fetch(`http://127.0.0.1:${port}/`).catch(() => ({ status: 0 })));
  }

  const text = [frame(0x01, 'he'), frame(0x80, 'llo')];
  const tell = (name, seen, path) => console.log(`${name}: the client gets ${seen}; the server gets ${came[path].join(', ')}`);
  tell("the client's ping 'abc'", await exchange(port, '/client-pings', frame(0x89, 'abc')), '/client-pings');
  tell("the server's ping 'abc'", await exchange(port, '/server-pings', frame(0x8a, 'abc')), '/server-pings');
  tell('two frames', await exchange(port, '/two', ...text), '/two');
  tell('a ping between them', await exchange(port, '/between', text[0], frame(0x89, 'abc'), text[1]), '/between');
  tell('an empty Close of the server', await exchange(port, '/server-closes', frame(0x88)), '/server-closes');
  console.log(`the server is offered: ${offered}`);
  children.forEach((child) => child.kill());
  await Promise.all(children.map((child) => once(child, 'exit')));
  process.exit();
})();
JS
timeout 60 node run.cjs "$architecture" | tee seen
diff - seen <<'EXPECTED'
the client's ping 'abc': the client gets pong '', TCP is open; the server gets ping ''
the server's ping 'abc': the client gets ping '', TCP is open; the server gets pong ''
two frames: the client gets TCP is open; the server gets text 'hello'
a ping between them: the client gets TCP ends; the server gets 1006
an empty Close of the server: the client gets Close '1000', TCP ends; the server gets 1005
the server is offered: grip
EXPECTED
echo 'Pushpin 1.36.0: as written down'
