#!/usr/bin/env bash
# Node 22.23.3, 24.21.0 and 26.10.0 (their own WebSocket), ws 8.23.0 on Node 26, Bun 1.4.5 and Deno 2.9.6: a client that is open sends
# two texts, calls close(4001), and then process.exit() in the same turn; over ws:, and over wss:.
# Expected: the same over both: what a socket takes at once has left, or nothing has.
# Seen: over ws: all of it leaves from Node, and over wss: the first text alone: the server is told 1006, where tests without TLS had the
# code. Bun sends all of it over both, Deno nothing over either. A turn of the event loop later (setTimeout) all send all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 22.23.3 24.21.0 26.10.0; do
  mkdir "$version"
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
done
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out certificate.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 2>/dev/null
cat >client.cjs <<'JS'
const [library, url, when] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
const socket = new Client(url);
socket.onopen = () => {
  // Away from the end of the handshake.
  setTimeout(() => {
    socket.send('one');
    socket.send('two');
    socket.close(4001);
    if (when === 'at once') process.exit();
    setTimeout(() => process.exit(), 0);
  }, 50);
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');

const node = (version) => [`${version}/node_modules/node/bin/node`];
const clients = {
  'Node 22': node('22.23.3'),
  'Node 24': node('24.21.0'),
  'Node 26': node('26.10.0'),
  'ws on Node 26': node('26.10.0'),
  Bun: ['node_modules/.bin/bun'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock', '--unsafely-ignore-certificate-errors'],
};

(async () => {
  const tls = { key: readFileSync('key.pem'), cert: readFileSync('certificate.pem') };
  const servers = { ws: http.createServer(), wss: https.createServer(tls) };
  for (const [scheme, server] of Object.entries(servers)) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const webSockets = new WebSocketServer({ server });
    const url = `${scheme}://127.0.0.1:${server.address().port}/`;
    for (const [name, [command, ...before]] of Object.entries(clients)) {
      const seen = [];
      for (const when of ['at once', 'a turn later']) {
        const library = name.startsWith('ws') ? 'ws' : 'global';
        const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
        spawn(command, [...before, 'client.cjs', library, url, when], { stdio: 'ignore', env, timeout: 20_000 });
        const [socket] = await once(webSockets, 'connection');
        const came = [];
        socket.on('error', () => {});
        socket.on('message', (text) => came.push(text));
        const [code] = await once(socket, 'close');
        seen.push(`${when}: ${[...came, code].join(' ')}`);
      }
      console.log(`${scheme}: ${name}, ${seen.join('; ')}`);
    }
  }
  process.exit();
})();
JS
timeout 120 26.10.0/node_modules/node/bin/node run.cjs | tee seen
diff - seen <<'EXPECTED'
ws: Node 22, at once: one two 4001; a turn later: one two 4001
ws: Node 24, at once: one two 4001; a turn later: one two 4001
ws: Node 26, at once: one two 4001; a turn later: one two 4001
ws: ws on Node 26, at once: one two 4001; a turn later: one two 4001
ws: Bun, at once: one two 4001; a turn later: one two 4001
ws: Deno, at once: 1006; a turn later: one two 4001
wss: Node 22, at once: one 1006; a turn later: one two 4001
wss: Node 24, at once: one 1006; a turn later: one two 4001
wss: Node 26, at once: one 1006; a turn later: one two 4001
wss: ws on Node 26, at once: one 1006; a turn later: one two 4001
wss: Bun, at once: one two 4001; a turn later: one two 4001
wss: Deno, at once: 1006; a turn later: one two 4001
EXPECTED
echo 'Node 22.23.3, 24.21.0 and 26.10.0, ws 8.23.0, Bun 1.4.5, Deno 2.9.6: as written down'
