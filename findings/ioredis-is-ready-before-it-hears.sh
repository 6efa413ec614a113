#!/usr/bin/env bash
# ioredis 6.0.0, iovalkey 0.4.0 and node-redis (redis 6.3.1), with Debian 12's redis-server 7.0.15: a subscriber whose connection
# was lost says 'ready' again. What does it hear of a message that is published right then?
# Expected: 'ready' tells that the subscriptions stand again, as they did before the loss.
# Seen: so it is with node-redis. ioredis and iovalkey say 'ready' first, and send SUBSCRIBE after it: the message reaches nobody.
# Who fetches at 'ready' what was missed loses what comes between that and the answer to SUBSCRIBE, which no event tells of.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root redis-tools=5:7.0.15-1~deb12u10 liblzf1=3.6-3 libjemalloc2=5.3.0-1 \
  libatomic1=12.2.0-14+deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
npm install --silent --no-audit --no-fund ioredis@6.0.0 iovalkey@0.4.0 redis@6.3.1
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { Redis } = require('ioredis');
const { Redis: Valkey } = require('iovalkey');
const { createClient } = require('redis');

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
  const server = spawn('debian/usr/bin/redis-check-rdb', ['--port', port, '--bind', '127.0.0.1', '--save', ''], {
    argv0: 'redis-server',
    stdio: 'ignore',
  });
  process.on('exit', () => server.kill());

  // Between the subscriber and Redis: a line that can be cut. Answers take 100 ms, as over a network of some length.
  const sockets = new Set();
  const line = net.createServer((socket) => {
    const redis = net.connect(port, '127.0.0.1');
    sockets.add(socket);
    socket.pipe(redis);
    redis.on('data', (bytes) => setTimeout(() => socket.write(bytes), 100));
    for (const [one, other] of [[socket, redis], [redis, socket]]) one.on('error', () => {}).on('close', () => other.destroy());
  });
  await once(line.listen(0, '127.0.0.1'), 'listening');
  const linePort = line.address().port;

  const publisher = createClient({ url: `redis://127.0.0.1:${port}` });
  publisher.on('error', () => {});
  await publisher.connect();

  const tell = async (name, client, subscribe) => {
    client.on('error', () => {});
    const heard = [];
    await subscribe((message) => heard.push(message));
    const again = new Promise((resolve) => client.once('ready', resolve));
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await again;
    const receivers = await publisher.publish('news', 'at ready');
    await later(1000);
    await publisher.publish('news', 'a second later');
    await later(500);
    console.log(`${name}: ${receivers} receivers at 'ready'; heard: ${heard.join(', ')}`);
  };

  for (const [name, Client] of [['ioredis', Redis], ['iovalkey', Valkey]]) {
    const client = new Client(linePort, '127.0.0.1', { retryStrategy: () => 100 });
    await tell(name, client, async (take) => {
      client.on('message', (channel, message) => take(message));
      await client.subscribe('news');
    });
    client.disconnect();
  }
  const client = createClient({ url: `redis://127.0.0.1:${linePort}`, socket: { reconnectStrategy: () => 100 } });
  await client.on('error', () => {}).connect();
  await tell('node-redis', client, (take) => client.subscribe('news', take));
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
ioredis: 0 receivers at 'ready'; heard: a second later
iovalkey: 0 receivers at 'ready'; heard: a second later
node-redis: 1 receivers at 'ready'; heard: at ready, a second later
EXPECTED
echo 'ioredis 6.0.0, iovalkey 0.4.0, redis 6.3.1: as written down'
