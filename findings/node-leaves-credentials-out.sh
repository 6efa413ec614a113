#!/usr/bin/env bash
# Node 22.23.3, 24.21.0 and 26.10.0 (their own WebSocket), ws 8.23.0 on Node 26, Bun 1.4.5 and Deno 2.9.6, given a URL with a name and a
# password, ws://name:pass@127.0.0.1/, at a server that tells what Authorization says; and the same URL given to fetch().
# Expected: the same everywhere: Basic authentication, or a SyntaxError.
# Seen: ws, Bun and Deno send it. Node's own takes the URL and leaves it out without a word, where its fetch() throws: a program that
# moves from ws to it is answered 401, and its message is that of every refusal.
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
const [library, address] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
(async () => {
  const socket = new Client(`ws://name:pass@${address}/`);
  const told = await new Promise((resolve) => {
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => resolve('error');
  });
  const url = `http://name:pass@${address}/`;
  const fetched = await fetch(url).then((response) => response.text(), ({ name }) => name);
  console.log(`WebSocket ${told}, its url ${socket.url.replace(address, 'HOST')}; fetch() ${fetched}`);
  process.exit();
})();
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
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
const authorization = ({ headers }) => (headers.authorization ? Buffer.from(headers.authorization.slice(6), 'base64').toString() : 'nothing');

(async () => {
  const server = http.createServer((request, response) => response.end(authorization(request)));
  new WebSocketServer({ server }).on('connection', (socket, request) => socket.send(authorization(request)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  for (const [name, [command, ...before]] of Object.entries(clients)) {
    const library = name.startsWith('ws') ? 'ws' : 'own';
    const address = `127.0.0.1:${server.address().port}`;
    const child = spawn(command, [...before, 'client.cjs', library, address], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 });
    let seen = '';
    child.stdout.on('data', (text) => (seen += text));
    await once(child, 'close');
    console.log(`${name}: ${seen.trim()}`);
  }
  process.exit();
})();
JS
timeout 120 node run.cjs | tee seen
diff - seen <<'EXPECTED'
Node 22: WebSocket nothing, its url ws://name:pass@HOST/; fetch() TypeError
Node 24: WebSocket nothing, its url ws://name:pass@HOST/; fetch() TypeError
Node 26: WebSocket nothing, its url ws://name:pass@HOST/; fetch() TypeError
ws on Node 26: WebSocket name:pass, its url ws://name:pass@HOST/; fetch() TypeError
Bun: WebSocket name:pass, its url ws://name:pass@HOST/; fetch() name:pass
Deno: WebSocket name:pass, its url ws://HOST/; fetch() name:pass
EXPECTED
echo 'Node 22.23.3, 24.21.0 and 26.10.0, ws 8.23.0, Bun 1.4.5, Deno 2.9.6: as written down'
