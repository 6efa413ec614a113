#!/usr/bin/env bash
# Deno 2.9.6: a server of Deno.serve() with a WebSocket open is ended, by its `shutdown()`, and by the AbortSignal that it was given.
# Expected: a Close frame with 1001, or the end of TCP; `onclose` at the server tells which; `shutdown()` waits for the client's Close frame.
# Seen: `shutdown()` sends 1001, "Server shutting down", and is fulfilled before the client has answered. The signal has a Close frame sent
# with 1005, which no frame may hold: ws 8.23.0 and Deno's own client call it a protocol error. The server's `onclose` is told 1005 both times.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund deno@2.9.6 ws@8.23.0
# Where npm runs no install scripts, this puts the binary into place.
(cd node_modules/deno && node install*.*js >/dev/null)
cat >server.js <<'JS'
const aborted = new AbortController();
let told;
const handler = (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onclose = ({ code }) => {
    told = code;
  };
  return response;
};
const onListen = ({ port }) => console.log(port);
const server = Deno.serve({ port: 0, hostname: '127.0.0.1', signal: aborted.signal, onListen }, handler);
const end = { shutdown: () => server.shutdown(), signal: () => aborted.abort() }[Deno.args[0]];
// A byte on stdin is the word to end.
await Deno.stdin.read(new Uint8Array(1));
await end();
console.log('ended');
await new Promise((resolve) => setTimeout(resolve, 1000));
console.log(`onclose ${told}`);
Deno.exit();
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { createInterface } = require('node:readline');
const WebSocket = require('ws');

const upgrade =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

async function run(how, connect) {
  const server = spawn('node_modules/.bin/deno', ['run', '-A', '--no-lock', '--no-config', 'server.js', how], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
  const { value: port } = await lines.next();
  const seen = [];
  await connect(port, (word) => seen.push(word));
  server.stdin.write('.');
  for await (const line of lines) seen.push(`the server: ${line}`);
  console.log(`${how}: ${seen.sort().join(', ')}`);
}

/** A client that answers no Close frame. */
async function silent(port, see) {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(upgrade);
  await once(socket, 'data');
  socket.on('data', (bytes) => see(`Close ${bytes.readUInt16BE(2)} '${bytes.subarray(4)}'`));
}

async function ws(port, see) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.on('error', ({ message }) => see(`ws: ${message}`));
  socket.on('close', (code) => see(`ws: ${code}`));
  await once(socket, 'open');
}

(async () => {
  for (const how of ['shutdown', 'signal']) for (const connect of [silent, ws]) await run(how, connect);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
shutdown: Close 1001 'Server shutting down', the server: ended, the server: onclose 1005
shutdown: the server: ended, the server: onclose 1005, ws: 1001
signal: Close 1005 '', the server: ended, the server: onclose 1005
signal: the server: ended, the server: onclose 1005, ws: 1006, ws: Invalid WebSocket frame: invalid status code 1005
EXPECTED
echo 'Deno 2.9.6: as written down'
