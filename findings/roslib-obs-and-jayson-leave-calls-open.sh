#!/usr/bin/env bash
# Three clients that call over a WebSocket, with their defaults, on ws 8.23.0: roslib 2.1.0 (robots), obs-websocket-js 5.0.8 (OBS Studio) and
# jayson 5.0.0 (JSON-RPC). The server cuts the connection, or closes with 1011, when a call comes.
# Expected: the call is rejected, or its callback told of an error, as nobody can answer it any more.
# Seen: all three leave it open for good (half a minute here), and the first two tell of the end elsewhere: 'close', and 'ConnectionClosed'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts roslib@2.1.0 obs-websocket-js@5.0.8 jayson@5.0.0 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';

globalThis.WebSocket ??= WebSocket; // Node 20 has none of its own
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
await once(server, 'listening');
const base = `ws://127.0.0.1:${server.address().port}/`;
server.on('connection', (socket, { url }) => {
  const [, client, how] = url.split('/');
  const end = () => (how === 'loss' ? socket.terminate() : socket.close(Number(how), 'why'));
  if (client !== 'obs') return void socket.once('message', end);
  socket.send(JSON.stringify({ op: 0, d: { obsWebSocketVersion: '5.0.0', rpcVersion: 1 } }));
  socket.on('message', (message) => {
    if (JSON.parse(String(message)).op === 1) socket.send(JSON.stringify({ op: 2, d: { negotiatedRpcVersion: 1 } }));
    else end();
  });
});

const clients = {
  async ros(url, told) {
    const { Ros, Service } = await import('roslib');
    const ros = new Ros({ url });
    ros.on('close', () => told('close'));
    await new Promise((resolve) => ros.on('connection', resolve));
    const service = new Service({ ros, name: '/add', serviceType: 'demo/Add' });
    return new Promise((resolve, reject) => service.callService({}, resolve, reject));
  },
  async obs(url, told) {
    const { default: Obs } = await import('obs-websocket-js/json');
    const obs = new Obs();
    obs.on('ConnectionClosed', () => told('ConnectionClosed'));
    await obs.connect(url);
    return obs.call('GetVersion');
  },
  async jayson(url) {
    const { default: jayson } = await import('jayson');
    const ws = new WebSocket(url);
    ws.on('error', () => {});
    await once(ws, 'open');
    const client = jayson.Client.websocket({ ws });
    return new Promise((resolve, reject) => client.request('add', [1], (error, answer) => (error ? reject(error) : resolve(answer))));
  },
};
const runs = [];
for (const [name, call] of Object.entries(clients)) {
  for (const how of ['loss', '1011']) {
    const told = [];
    const settled = call(`${base}${name}/${how}`, (what) => told.push(what)).then(
      () => 'resolved',
      () => 'rejected',
    );
    const late = new Promise((resolve) => setTimeout(resolve, 30_000, 'open'));
    runs.push(Promise.race([settled, late]).then((state) => `${name}, ${how}: the call is ${state}; told: ${told.join(', ') || 'nothing'}`));
  }
}
for (const line of await Promise.all(runs)) console.log(line);
process.exit();
JS
timeout 90 node run.mjs | tee seen
diff - seen <<'EXPECTED'
ros, loss: the call is open; told: close
ros, 1011: the call is open; told: close
obs, loss: the call is open; told: ConnectionClosed
obs, 1011: the call is open; told: ConnectionClosed
jayson, loss: the call is open; told: nothing
jayson, 1011: the call is open; told: nothing
EXPECTED
echo 'roslib 2.1.0, obs-websocket-js 5.0.8, jayson 5.0.0: as written down'
