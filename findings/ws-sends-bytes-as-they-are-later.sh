#!/usr/bin/env bash
# Bytes are given to send(), and written over in the same turn, by Node 26.10.0's own WebSocket, Deno 2.9.6's, and ws 8.23.0 on Node, as a
# client and as a server: alone, behind a Blob, and behind a message of a million bytes; where it can be, with permessage-deflate.
# Expected: what was given is what arrives: the WHATWG standard has send() take the bytes at once, and so all of them do with a message
# that is sent alone.
# Seen: Node's own keeps to it. ws sends what the bytes have become wherever it has to wait: behind a Blob, and behind a message that it
# compresses; alone and compressed it is a race with zlib's thread. Deno's own does the same behind a Blob.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund deno@2.9.6 node@26.10.0 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >client.cjs <<'JS'
const [kind, url, behind] = process.argv.slice(2);
const Client = kind === 'ws' ? require('ws') : WebSocket;
const socket = new Client(url);
socket.onopen = () => {
  if (behind === 'a Blob') socket.send(new Blob(['a blob']));
  if (behind === 'a message') socket.send(new Uint8Array(1_000_000));
  const bytes = new Uint8Array(2000).fill(1);
  socket.send(bytes);
  bytes.fill(2);
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');

const clients = {
  'Node 26': ['node_modules/node/bin/node', 'client.cjs', 'global'],
  'Deno 2.9.6': ['node_modules/.bin/deno', 'run', '-A', '--no-lock', 'client.cjs', 'global'],
  'ws 8.23.0': ['node_modules/node/bin/node', 'client.cjs', 'ws'],
};
const kept = (bytes) => (bytes.every((byte) => byte === 1) ? 'as given' : bytes.every((byte) => byte === 2) ? 'as written over' : 'mixed');

(async () => {
  for (const perMessageDeflate of [false, true]) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate });
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${server.address().port}/`;
    const how = perMessageDeflate ? 'permessage-deflate' : 'plain';
    const behinds = perMessageDeflate ? ['a message'] : ['nothing', 'a Blob', 'a message'];
    for (const [name, [command, ...before]] of Object.entries(clients)) {
      for (const behind of behinds) {
        const client = spawn(command, [...before, url, behind], { stdio: 'ignore', timeout: 20_000 });
        const [socket] = await once(server, 'connection');
        const bytes = await new Promise((resolve) => socket.on('message', (bytes) => bytes.length === 2000 && resolve(bytes)));
        if (how === 'plain' || socket.extensions !== '') console.log(`${name}, ${how}, behind ${behind}: ${kept(bytes)}`);
        client.kill();
      }
    }
    for (const behind of behinds.filter((behind) => behind !== 'a Blob')) {
      const client = new WebSocket(url);
      const [socket] = await once(server, 'connection');
      const message = new Promise((resolve) => client.on('message', (bytes) => bytes.length === 2000 && resolve(bytes)));
      if (behind === 'a message') socket.send(new Uint8Array(1_000_000));
      const bytes = new Uint8Array(2000).fill(1);
      socket.send(bytes);
      bytes.fill(2);
      console.log(`ws 8.23.0 as a server, ${how}, behind ${behind}: ${kept(await message)}`);
    }
  }
  process.exit();
})();
JS
timeout 100 node_modules/node/bin/node run.cjs | tee seen
diff - seen <<'EXPECTED'
Node 26, plain, behind nothing: as given
Node 26, plain, behind a Blob: as given
Node 26, plain, behind a message: as given
Deno 2.9.6, plain, behind nothing: as given
Deno 2.9.6, plain, behind a Blob: as written over
Deno 2.9.6, plain, behind a message: as given
ws 8.23.0, plain, behind nothing: as given
ws 8.23.0, plain, behind a Blob: as written over
ws 8.23.0, plain, behind a message: as given
ws 8.23.0 as a server, plain, behind nothing: as given
ws 8.23.0 as a server, plain, behind a message: as given
Node 26, permessage-deflate, behind a message: as given
ws 8.23.0, permessage-deflate, behind a message: as written over
ws 8.23.0 as a server, permessage-deflate, behind a message: as written over
EXPECTED
echo 'Node 26.10.0, Deno 2.9.6, ws 8.23.0: as written down'
