#!/usr/bin/env bash
# Node 26.10.0 with --permission, and without --allow-net: net.Server listens at a port, at a port and an address, and at a port and a name;
# a WebSocketServer of ws 8.23.0 at a port and an address.
# Expected: one way to be told, 'error' on the server with ERR_ACCESS_DENIED, as net.connect() has it.
# Seen: listen(port) throws. listen(port, '127.0.0.1') returns, and throws a turn later where nobody can catch it: an uncaughtException
# that ends the process, or, where a handler keeps that alive, a server that never says 'listening' or 'error'. With a name it is 'error'.
# ws passes on what it gets: `new WebSocketServer({ port, host })` ends the process past its own 'error' handler.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund node@26.10.0 ws@8.23.0
cat >run.cjs <<'JS'
const net = require('node:net');
const { WebSocketServer } = require('ws');

const ways = {
  'listen(port)': () => net.createServer().listen(0),
  "listen(port, '127.0.0.1')": () => net.createServer().listen(0, '127.0.0.1'),
  "listen(port, 'localhost')": () => net.createServer().listen(0, 'localhost'),
  'new WebSocketServer({ port, host })': () => new WebSocketServer({ port: 0, host: '127.0.0.1' }),
  "connect(port, '127.0.0.1')": () => net.connect(1, '127.0.0.1'),
};
let told;
process.on('uncaughtException', ({ code }) => told.push(`an uncaughtException, ${code}`));

(async () => {
  for (const [name, way] of Object.entries(ways)) {
    told = [];
    try {
      const emitter = way();
      emitter.on('listening', () => told.push("'listening'"));
      emitter.on('error', ({ code }) => told.push(`'error', ${code}`));
    } catch ({ code }) {
      told.push(`throws, ${code}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    console.log(`${name}: ${told.join('; ')}`);
  }
  process.exit();
})();
JS
timeout 30 node_modules/node/bin/node --no-warnings --permission --allow-fs-read='*' run.cjs | tee seen
diff - seen <<'EXPECTED'
listen(port): throws, ERR_ACCESS_DENIED
listen(port, '127.0.0.1'): an uncaughtException, ERR_ACCESS_DENIED
listen(port, 'localhost'): 'error', ERR_ACCESS_DENIED
new WebSocketServer({ port, host }): an uncaughtException, ERR_ACCESS_DENIED
connect(port, '127.0.0.1'): 'error', ERR_ACCESS_DENIED
EXPECTED
echo 'Node 26.10.0: as written down'
