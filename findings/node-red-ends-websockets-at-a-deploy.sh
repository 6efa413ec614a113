#!/usr/bin/env bash
# Node-RED 5.0.7 on Node 24.21.0: a flow sends back what its 'websocket in' node gets. Clients send texts, one of them empty; they ask for a
# path that no node has; the flows are deployed as they are; and the process is told to end (SIGTERM).
# Expected: an empty text comes back, too; 404 for another path; a Close frame with 1001 or 1012 at a deploy, and with 1001 at the end.
# Seen: the empty text is dropped; the upgrade at the other path is not answered, and TCP ends after five seconds; at a deploy,
# and at the end, TCP ends without a Close.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts node-red@5.0.7 ws@8.23.0
(mkdir node && cd node && npm install --silent --no-audit --no-fund --prefix . node@24.21.0)
mkdir user
cat >user/settings.js <<'JS'
module.exports = { uiPort: Number(process.env.PORT), uiHost: '127.0.0.1', flowFile: 'flows.json', userDir: __dirname, telemetry: { enabled: false } };
JS
cat >user/flows.json <<'JSON'
[
  { "id": "t", "type": "tab", "label": "echo" },
  { "id": "l", "type": "websocket-listener", "path": "/echo", "wholemsg": "false" },
  { "id": "i", "type": "websocket in", "z": "t", "server": "l", "client": "", "wires": [["o"]] },
  { "id": "o", "type": "websocket out", "z": "t", "server": "l", "client": "", "wires": [] }
]
JSON
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { setTimeout: wait } = require('node:timers/promises');
const { WebSocket } = require('ws');

(async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  const red = spawn('node/node_modules/node/bin/node', ['node_modules/node-red/red.js', '-s', 'user/settings.js', '-u', 'user'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  process.on('exit', () => red.kill('SIGKILL'));
  let log = '';
  red.stdout.on('data', (text) => (log += text));
  while (!log.includes('Started flows')) await wait(200);
  await wait(500);

  const open = async (path) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    const told = [];
    socket.on('message', (message) => told.push(`'${message}'`));
    socket.on('close', (code) => told.push(`closed with ${code}`)).on('error', ({ message }) => told.push(message));
    socket.on('open', () => told.push('open'));
    await wait(1000);
    return { socket, tell: (name) => console.log(`${name}: ${told.splice(0).join(', ') || 'nothing'}`) };
  };
  const echo = await open('/echo');
  for (const text of ['hello', '', '0']) {
    echo.socket.send(text);
    await wait(500);
    echo.tell(`text '${text}'`);
  }
  const other = await open('/other');
  await wait(2000);
  other.tell('another path, after three seconds');
  await wait(5000);
  other.tell('and after eight');
  const flows = await (await fetch(`http://127.0.0.1:${port}/flows`)).text();
  const headers = { 'content-type': 'application/json', 'node-red-deployment-type': 'full' };
  await fetch(`http://127.0.0.1:${port}/flows`, { method: 'POST', headers, body: flows });
  await wait(2000);
  echo.tell('a deploy');
  const last = await open('/echo');
  red.kill('SIGTERM');
  await wait(2000);
  last.tell('SIGTERM');
  process.exit();
})();
JS
timeout 90 node run.cjs | tee seen
diff - seen <<'EXPECTED'
text 'hello': open, 'hello'
text '': nothing
text '0': '0'
another path, after three seconds: nothing
and after eight: socket hang up, closed with 1006
a deploy: closed with 1006
SIGTERM: open, closed with 1006
EXPECTED
echo 'Node-RED 5.0.7: as written down'
