#!/usr/bin/env bash
# Three bytes in shared memory, as that of WebAssembly with threads is, are given to send(): by the WebSocket of Node 22.23.3, 24.21.0 and
# 26.10.0, of Bun 1.4.5 and Deno 2.9.6, and by ws 8.23.0; and TypeScript 7.0.2 looks at that line with its DOM types, and with Node's.
# Expected: a TypeError, as the WHATWG standard has it, or a binary message of three bytes.
# Seen: Node 22, Bun and Deno throw, ws sends the three bytes. Node 24 and 26 send a text, "1,2,3", without an error. TypeScript's DOM types
# refuse the line; Node's, which hold where a project has no `dom` among its `lib`, let it pass.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 22.23.3 24.21.0 26.10.0; do
  mkdir "$version"
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
done
npm install --silent --no-audit --no-fund bun@1.4.5 deno@2.9.6 ws@8.23.0 typescript@7.0.2 @types/node@26.6.7
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.cjs <<'JS'
const [library, url] = process.argv.slice(2);
const Client = library === 'ws' ? require('ws') : WebSocket;
const socket = new Client(url);
socket.onopen = () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const bytes = new Uint8Array(memory.buffer, 0, 3);
  bytes.set([1, 2, 3]);
  try {
    socket.send(bytes);
  } catch ({ name }) {
    socket.send(name);
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
  Bun: ['node_modules/.bin/bun'],
  Deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock'],
  'ws on Node 26': node('26.10.0'),
};
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, async () => {
  for (const [name, [command, ...before]] of Object.entries(clients)) {
    const args = [...before, 'client.cjs', name.startsWith('ws') ? 'ws' : 'global', `ws://127.0.0.1:${server.address().port}/`];
    const client = spawn(command, args, { stdio: 'ignore', timeout: 20_000 });
    const [socket] = await once(server, 'connection');
    const [bytes, isBinary] = await once(socket, 'message');
    const text = `${bytes}`.endsWith('Error') ? bytes : `a text, '${bytes}'`;
    console.log(`${name}: ${isBinary ? `${bytes.length} bytes, ${[...bytes]}` : text}`);
    client.kill();
  }
  process.exit();
});
JS
cat >shared.ts <<'TS'
new WebSocket('ws://127.0.0.1/').send(new Uint8Array(new SharedArrayBuffer(3)));
TS
types() { node_modules/.bin/tsc --noEmit --strict --target esnext --module nodenext --types "$@" shared.ts >errors && echo none || grep -c 'TS2345' errors; }
{
  timeout 60 26.10.0/node_modules/node/bin/node run.cjs
  echo "errors by the DOM types: $(types '' --lib esnext,dom)"
  echo "errors by Node's types: $(types node --lib esnext)"
} | tee seen
diff - seen <<'EXPECTED'
Node 22: TypeError
Node 24: a text, '1,2,3'
Node 26: a text, '1,2,3'
Bun: TypeError
Deno: TypeError
ws on Node 26: 3 bytes, 1,2,3
errors by the DOM types: 1
errors by Node's types: none
EXPECTED
echo 'Node 22.23.3, 24.21.0 and 26.10.0: as written down'
