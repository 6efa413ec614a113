#!/usr/bin/env bash
# Node 20.19.0 beside 22.23.3: a server of node:net accepts connections one after the other, and V8 logs each inline cache that misses.
# Expected: as with all code that runs often, none misses any more after some dozens of connections.
# Seen: in Node 20 each net.Socket misses more than 25 for as long as the process lives, in the constructors of net.Socket, Duplex,
# Readable and Writable, where they read the options: the object in which the options are handed on has a hidden class of its own each
# time. In Node 22 none misses.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 20.19.0 22.23.3; do
  mkdir "$version"
  echo '{ "private": true }' >"$version/package.json"
  npm install --prefix "$version" --silent --no-audit --no-fund "node@$version"
done
cat >run.cjs <<'JS'
const { createServer, connect } = require('node:net');
const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  for (let i = 0; i < 400; i++) await new Promise((done) => connect(port, '127.0.0.1').on('close', done).resume());
  server.close();
});
JS
# How many property reads of one place and name missed in at least 300 of the 400 connections.
misses() {
  timeout 60 "$1/node_modules/node/bin/node" --log-ic --logfile="$1.log" --no-logfile-per-isolate run.cjs
  awk -F, '/^LoadIC,/ { count[$9]++ } END { for (name in count) if (count[name] >= 300) names++; print names + 0 }' "$1.log"
}
old=$(misses 20.19.0)
new=$(misses 22.23.3)
echo "options that miss at every connection: Node 20.19.0: $old, Node 22.23.3: $new"
if [ "$old" -lt 20 ] || [ "$new" -ne 0 ]; then
  echo 'not as written down'
  exit 1
fi
echo 'node 20.19.0 and 22.23.3: as written down'
