#!/usr/bin/env bash
# Node 26.10.0 (its own WebSocket), ws 8.23.0 on it, Bun 1.4.5 and Deno 2.9.6, at a 101 of 90 and 110 fields, with a field of 15,000 to
# 300,000 bytes (a cookie, a policy), and with a URL of 60,000 and 70,000 characters (a token in the query).
# Expected: about the same limit everywhere, 16 KiB of fields, as Node's, and no other.
# Seen: Deno counts: it fails above 100 fields, small as they are, and takes 300,000 bytes in one; and it fails at the longer URL, before
# it asks. Node and ws fail above 16 KiB, and Bun some 900 bytes later, whatever the number; all three ask for any URL.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund node@26.10.0 bun@1.4.5 deno@2.9.6 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.cjs <<'JS'
const [library, base] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
const paths = ['fields/90', 'fields/110', 'bytes/15000', 'bytes/17000', 'bytes/17500', 'bytes/300000'];
const urls = [...paths.map((path) => `${base}/${path}`), ...[60_000, 70_000].map((length) => `${base}/?token=`.padEnd(length, 'x'))];
(async () => {
  for (const url of urls) {
    const opens = await new Promise((resolve) => {
      const socket = new Client(url);
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
    const name = url.length < 1000 ? url.slice(base.length + 1) : `url/${url.length}`;
    console.log(`${name} ${opens ? 'opens' : 'fails'}`);
  }
  process.exit();
})();
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');

const node = ['node_modules/node/bin/node'];
const clients = {
  'Node 26': node,
  'ws on Node 26': node,
  Bun: ['node_modules/.bin/bun'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock'],
};

(async () => {
  const server = net.createServer((socket) => {
    let request = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      request += bytes;
      if (!request.endsWith('\r\n\r\n')) return;
      const key = `${/sec-websocket-key: *(.*)\r\n/i.exec(request)[1]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const head =
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n`;
      const [, kind, number] = /^GET \/(\w*)\/?(\d*)/.exec(request);
      let more = '';
      // Three fields are there already.
      if (kind === 'fields') more = Array.from({ length: number - 3 }, (_, at) => `X-${at}: 1\r\n`).join('');
      if (kind === 'bytes') more = `X: ${'x'.repeat(number)}\r\n`;
      socket.write(`${head}${more}\r\n`);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  for (const [name, [command, ...before]] of Object.entries(clients)) {
    const library = name.startsWith('ws') ? 'ws' : 'own';
    const url = `ws://127.0.0.1:${server.address().port}`;
    const child = spawn(command, [...before, 'client.cjs', library, url], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 });
    let seen = '';
    child.stdout.on('data', (text) => (seen += text));
    await once(child, 'close');
    console.log(`${name}: ${seen.trim().split('\n').join(', ')}`);
  }
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Node 26: fields/90 opens, fields/110 opens, bytes/15000 opens, bytes/17000 fails, bytes/17500 fails, bytes/300000 fails, url/60000 opens, url/70000 opens
ws on Node 26: fields/90 opens, fields/110 opens, bytes/15000 opens, bytes/17000 fails, bytes/17500 fails, bytes/300000 fails, url/60000 opens, url/70000 opens
Bun: fields/90 opens, fields/110 opens, bytes/15000 opens, bytes/17000 opens, bytes/17500 fails, bytes/300000 fails, url/60000 opens, url/70000 opens
Deno: fields/90 opens, fields/110 fails, bytes/15000 opens, bytes/17000 opens, bytes/17500 opens, bytes/300000 opens, url/60000 opens, url/70000 fails
EXPECTED
echo 'Node 26.10.0, ws 8.23.0, Bun 1.4.5, Deno 2.9.6: as written down'
