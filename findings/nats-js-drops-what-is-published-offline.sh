#!/usr/bin/env bash
# @nats-io/transport-node 3.4.0 with nats-server 2.9.10 (Debian 12): publish() while the client connects again.
# Expected: it waits in a buffer until the client is connected, as with NATS's client for Go, or it throws.
# Seen: neither: it returns, and the message never leaves. The subscriptions are made again after the status 'reconnect': what
# others publish at that moment is not received.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root nats-server=2.9.10-1+b3
dpkg-deb -x nats-server_*.deb debian
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { connect } = require('@nats-io/transport-node');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

(async () => {
  const port = await freePort();
  const server = spawn('debian/usr/sbin/nats-server', ['-a', '127.0.0.1', '-p', port], { stdio: 'ignore' });
  process.on('exit', () => server.kill());

  // Between the client and NATS: a line that can be cut, and tells what the client sends.
  const sockets = new Set();
  let isUp = true;
  let sent = '';
  const line = net.createServer((socket) => {
    if (!isUp) return void socket.destroy();
    const nats = net.connect(port, '127.0.0.1');
    sockets.add(socket);
    socket.on('data', (bytes) => (sent += bytes));
    socket.pipe(nats).pipe(socket);
    for (const [one, other] of [[socket, nats], [nats, socket]]) one.on('error', () => {}).on('close', () => other.destroy());
  });
  await once(line.listen(0, '127.0.0.1'), 'listening');

  const other = await connect({ servers: `127.0.0.1:${port}`, waitOnFirstConnect: true, reconnectTimeWait: 100 });
  const received = [];
  other.subscribe('news', { callback: (error, message) => received.push(message.string()) });
  await other.flush();

  const client = await connect({ servers: `127.0.0.1:${line.address().port}`, reconnectTimeWait: 300, maxReconnectAttempts: -1 });
  client.subscribe('answers', { callback: () => {} });
  client.publish('news', 'before');
  await client.flush();

  isUp = false;
  for (const socket of sockets) socket.destroy();
  await later(200);
  client.publish('news', 'offline');
  console.log('publish() offline: returns');
  await client.flush().then(
    () => console.log('flush() offline: resolves'),
    (error) => console.log(`flush() offline: ${error.message}`),
  );

  sent = '';
  isUp = true;
  for await (const { type } of client.status()) if (type === 'reconnect') break;
  console.log(`SUB is sent before 'reconnect': ${sent.includes('SUB ')}`);
  await later(500);
  console.log(`SUB is sent after it: ${sent.includes('SUB ')}`);
  client.publish('news', 'after');
  await client.flush();
  await later(500);
  console.log(`received: ${received.join(', ')}`);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
publish() offline: returns
flush() offline: connection disconnected
SUB is sent before 'reconnect': false
SUB is sent after it: true
received: before, after
EXPECTED
echo '@nats-io/transport-node 3.4.0: as written down'
