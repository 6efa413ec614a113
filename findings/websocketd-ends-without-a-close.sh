#!/usr/bin/env bash
# websocketd 0.4.1 (Debian 12), a program for each connection: it ends with exit code 0, or 3, each after a last word
# that has no line feed.
# Expected: the last word as a message; Close 1000 for the first, 1011 for the second.
# Seen: the last word is lost, and TCP ends without a Close frame, whatever the exit code: a client can't tell a program
# that has done its work from one that failed, nor either from a lost connection, and one that reconnects starts the
# program again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root websocketd=0.4.1-1+b11
dpkg-deb -x websocketd_*.deb debian
npm install --silent --no-audit --no-fund ws@8.23.0
cat >program.sh <<'PROGRAM'
#!/bin/sh
read -r code
echo 'a line'
printf 'the last word'
exit "$code"
PROGRAM
chmod +x program.sh
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const WebSocket = require('ws');

(async () => {
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  const server = spawn('debian/usr/bin/websocketd', ['--address=127.0.0.1', `--port=${port}`, './program.sh'], {
    stdio: 'ignore',
  });
  process.on('exit', () => server.kill());
  const isUp = () =>
    new Promise((resolve) => {
      const probe = net.connect(port, '127.0.0.1', () => resolve(true, probe.destroy()));
      probe.on('error', () => setTimeout(resolve, 100, false));
    });
  while (!(await isUp()));
  for (const exitCode of ['0', '3']) {
    const messages = [];
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    socket.on('open', () => socket.send(exitCode));
    socket.on('message', (message) => messages.push(`'${message}'`));
    const [code] = await once(socket, 'close');
    console.log(`exit code ${exitCode}: ${messages.join(', ')}; ${code}`);
  }
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
exit code 0: 'a line'; 1006
exit code 3: 'a line'; 1006
EXPECTED
echo 'websocketd 0.4.1: as written down'
