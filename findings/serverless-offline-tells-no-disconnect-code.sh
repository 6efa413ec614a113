#!/usr/bin/env bash
# serverless-offline 14.8.2 (under osls 4.3.1), which stands in for API Gateway's WebSockets: clients send a text and bytes, offer two
# subprotocols of which $connect chooses the second, ask for another path, and close with 4001.
# Expected, as API Gateway does it: the subprotocol that $connect returns is chosen; $disconnect is told the code and the reason
# (requestContext.disconnectStatusCode and …Reason); `event.body` is a string.
# Seen: the first subprotocol is chosen, whatever $connect says; $disconnect is told neither code nor reason; the body of bytes is a
# Uint8Array, with isBase64Encoded false; and every path opens.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps osls@4.3.1 serverless-offline@14.8.2 ws@8.23.0
read -r http websocket lambda < <(node -e "
  const servers = [1, 2, 3].map(() => require('node:net').createServer().listen(0, '127.0.0.1'));
  setTimeout(() => { console.log(...servers.map((it) => it.address().port)); process.exit(); }, 200);")
cat >serverless.yml <<YAML
service: demo
provider:
  name: aws
  runtime: nodejs20.x
  websocketsApiRouteSelectionExpression: \$request.body.action
plugins: [serverless-offline]
custom:
  serverless-offline: { websocketPort: $websocket, httpPort: $http, lambdaPort: $lambda, host: 127.0.0.1 }
functions:
  connect: { handler: handler.connect, events: [{ websocket: { route: \$connect } }] }
  disconnect: { handler: handler.disconnect, events: [{ websocket: { route: \$disconnect } }] }
  text: { handler: handler.text, events: [{ websocket: { route: \$default } }] }
YAML
cat >handler.js <<'JS'
const { appendFileSync } = require('node:fs');
const tell = (line) => appendFileSync('told', `${line}\n`);
exports.connect = async () => ({ statusCode: 200, headers: { 'Sec-WebSocket-Protocol': 'superchat' } });
exports.disconnect = async ({ requestContext: { disconnectStatusCode, disconnectReason } }) => {
  tell(`$disconnect: code ${disconnectStatusCode}, reason ${disconnectReason}`);
  return { statusCode: 200 };
};
exports.text = async ({ body, isBase64Encoded }) => {
  tell(`$default: ${Object.prototype.toString.call(body)}, isBase64Encoded ${isBase64Encoded}`);
  return { statusCode: 200 };
};
JS
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { setTimeout: wait } = require('node:timers/promises');
const { WebSocket } = require('ws');

(async () => {
  const env = { ...process.env, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' };
  const offline = spawn(process.execPath, ['node_modules/.bin/osls', 'offline'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  process.on('exit', () => offline.kill('SIGKILL'));
  let log = '';
  for (const stream of [offline.stdout, offline.stderr]) stream.on('data', (text) => (log += text));
  while (!log.includes('[websocket] listening')) await wait(200);
  await wait(500);
  const open = async (path) => {
    const socket = new WebSocket(`ws://127.0.0.1:${process.argv[2]}${path}`, ['chat', 'superchat']);
    await once(socket, 'open');
    console.log(`${path}: open, subprotocol '${socket.protocol}'`);
    return socket;
  };
  const socket = await open('/dev');
  socket.send('hello');
  await wait(1500);
  socket.send(Buffer.from([1, 2, 255]));
  await wait(1500);
  socket.close(4001, 'why');
  await wait(1500);
  process.stdout.write(readFileSync('told', 'utf8'));
  await open('/no/such/path');
  process.exit();
})();
JS
timeout 90 node run.cjs "$websocket" | tee seen
diff - seen <<'EXPECTED'
/dev: open, subprotocol 'chat'
$default: [object String], isBase64Encoded false
$default: [object Uint8Array], isBase64Encoded false
$disconnect: code undefined, reason undefined
/no/such/path: open, subprotocol 'chat'
EXPECTED
echo 'serverless-offline 14.8.2: as written down'
