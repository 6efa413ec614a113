#!/usr/bin/env bash
# Node 22.23.3, 24.21.0 and 26.10.0 (their own WebSocket), ws 8.23.0 on Node 26, Bun 1.4.5 and Deno 2.9.6: a server sends texts that begin
# with U+FEFF, as a file with a byte order mark does that is sent line by line; and the client sends one back.
# Expected: a message is the text that was sent, with all its characters; WHATWG has it decoded "without BOM", which leaves it in place.
# Seen: Node's own takes it off: what arrives is shorter than what was sent, and U+FEFF alone is an empty text. ws, Bun and Deno hand all
# of it over, and all send it as it is: a text that is echoed twice does not come back as it left.
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
cat >client.cjs <<'JS'
const [library, url] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
const socket = new Client(url);
const got = [];
socket.onopen = () => socket.send('\ufeffback');
socket.onmessage = ({ data }) => {
  got.push([...data].map((character) => (character === '\ufeff' ? 'U+FEFF ' : character)).join('') || 'nothing');
  if (got.length === 3) {
    console.log(got.join(', '));
    socket.close();
  }
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');

const node = (version) => [`${version}/node_modules/node/bin/node`];
const clients = {
  'Node 22': node('22.23.3'),
  'Node 24': node('24.21.0'),
  'Node 26': node('26.10.0'),
  'ws on Node 26': node('26.10.0'),
  Bun: ['node_modules/.bin/bun'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock'],
};

(async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  for (const [name, [command, ...before]] of Object.entries(clients)) {
    const library = name.startsWith('ws') ? 'ws' : 'own';
    let sent;
    server.once('connection', (socket) => {
      socket.once('message', (bytes) => {
        sent = bytes.toString('hex');
        for (const text of ['\ufeffone', '\ufeff', 'no\ufeffne']) socket.send(text);
      });
    });
    const url = `ws://127.0.0.1:${server.address().port}/`;
    const child = spawn(command, [...before, 'client.cjs', library, url], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 });
    let got = '';
    child.stdout.on('data', (text) => (got += text));
    await once(child, 'close');
    console.log(`${name}: got ${got.trim()}; sent ${sent}`);
  }
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Node 22: got one, nothing, noU+FEFF ne; sent efbbbf6261636b
Node 24: got one, nothing, noU+FEFF ne; sent efbbbf6261636b
Node 26: got one, nothing, noU+FEFF ne; sent efbbbf6261636b
ws on Node 26: got U+FEFF one, U+FEFF , noU+FEFF ne; sent efbbbf6261636b
Bun: got U+FEFF one, U+FEFF , noU+FEFF ne; sent efbbbf6261636b
Deno: got U+FEFF one, U+FEFF , noU+FEFF ne; sent efbbbf6261636b
EXPECTED
echo 'Node 22.23.3, 24.21.0 and 26.10.0, ws 8.23.0, Bun 1.4.5, Deno 2.9.6: as written down'
