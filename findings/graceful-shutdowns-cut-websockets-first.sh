#!/usr/bin/env bash
# stoppable 1.1.0, http-terminator 3.2.0 and http-graceful-shutdown 4.0.0 end a server that has one HTTP request under way and
# one WebSocket that is in use, with seconds of grace.
# Expected: both have the grace; the WebSocket is ended when it is over.
# Seen: the request is waited for. The WebSocket is destroyed at once, without a Close frame (1006): all three know a
# connection as busy by its HTTP request, and an upgraded one has none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund stoppable@1.1.0 http-terminator@3.2.0 http-graceful-shutdown@4.0.0 ws@8.23.0
cat >run.cjs <<'JS'
const http = require('node:http');
const { createHttpTerminator } = require('http-terminator');
const graceful = require('http-graceful-shutdown');
const stoppable = require('stoppable');
const WebSocket = require('ws');

const kinds = {
  stoppable: (server) => {
    stoppable(server, 8000);
    return () => new Promise((resolve) => server.stop(resolve));
  },
  'http-terminator': (server) => {
    const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: 8000 });
    return () => terminator.terminate();
  },
  'http-graceful-shutdown': (server) => graceful(server, { timeout: 8000, forceExit: false, signals: '' }),
};

async function run(name, prepare) {
  let answer;
  const server = http.createServer((request, response) => (answer = () => response.end('done')));
  const stop = prepare(server);
  new WebSocket.WebSocketServer({ server });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const client = new WebSocket(`ws://127.0.0.1:${port}/`);
  await new Promise((resolve) => client.on('open', resolve));
  const body = new Promise((resolve) => {
    http.get(`http://127.0.0.1:${port}/`, (response) => response.on('data', resolve)).on('error', resolve);
  });
  while (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 10));

  const stopped = stop();
  const code = await new Promise((resolve) => client.on('close', resolve));
  // Only now does the server answer the request: whoever waited for it has ended the WebSocket before.
  answer();
  console.log(`${name}: WebSocket ${code}, then the request: ${await body}`);
  await stopped;
}

(async () => {
  for (const [name, prepare] of Object.entries(kinds)) await run(name, prepare);
  process.exit();
})();
JS
timeout 60 node run.cjs | tee seen
diff - seen <<'EXPECTED'
stoppable: WebSocket 1006, then the request: done
http-terminator: WebSocket 1006, then the request: done
http-graceful-shutdown: WebSocket 1006, then the request: done
EXPECTED
echo 'stoppable 1.1.0, http-terminator 3.2.0, http-graceful-shutdown 4.0.0: as written down'
