#!/usr/bin/env bash
# @kubernetes/client-node 2.0.1 on Node 26.10.0, Exec.exec() of `cat` with a stdin that ends, against a server of its
# subprotocol: it answers as it should; the connection is lost; it closes with 1011; it answers as it should, but knows
# no v5.channel.k8s.io.
# Expected: a loss and a Close 1011 are told, by the status callback or by stdout's end; without v5, which alone can
# tell that stdin has ended, the output comes all the same.
# Seen: of a lost connection and of Close 1011 nobody is told: no status, no end of stdout, no error. What waits for
# either waits for good. Without v5 the client closes its WebSocket when stdin ends, and the output and the status are
# lost, with as little said.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @kubernetes/client-node@2.0.1 node@26.10.0 ws@8.23.0
cat >run.mjs <<'JS'
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { Exec, KubeConfig } from '@kubernetes/client-node';
import { WebSocketServer } from 'ws';

const V4 = 'v4.channel.k8s.io';
const V5 = 'v5.channel.k8s.io';
const [STDIN, STDOUT, STATUS] = [0, 1, 3];
const answer = (socket) => {
  socket.send(Buffer.from([STDOUT, ...Buffer.from('output')]));
  socket.send(Buffer.from([STATUS, ...Buffer.from('{"status":"Success"}')]));
  socket.close(1000);
};
const ways = {
  'v5, as it should': [V5, answer],
  'v5, a lost connection': [V5, (socket) => socket.terminate()],
  'v5, Close 1011': [V5, (socket) => socket.close(1011, 'why')],
  'v4, as it should': [V4, answer],
};

for (const [name, [subprotocol, then]] of Object.entries(ways)) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => subprotocol });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.on('message', async ([channel]) => {
      if (channel !== STDIN) return;
      await wait(300); // the command runs
      then(socket);
    });
  });
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'a', server: `http://127.0.0.1:${server.address().port}`, skipTLSVerify: true }],
    users: [{ name: 'a' }],
    contexts: [{ name: 'a', cluster: 'a', user: 'a' }],
    currentContext: 'a',
  });
  const told = [];
  const stdout = new PassThrough();
  stdout.on('data', (bytes) => told.push(`stdout '${bytes}'`));
  stdout.on('end', () => told.push('stdout ends'));
  stdout.on('error', () => told.push('stdout fails'));
  const onStatus = ({ status }) => told.push(status);
  const stdin = Readable.from(['input']);
  await new Exec(config).exec('ns', 'pod', 'container', ['cat'], stdout, null, stdin, false, onStatus);
  await wait(2_000);
  console.log(`${name}: ${told.join(', ') || 'nothing in 2 s'}`);
}
process.exit();
JS
timeout 60 node_modules/node/bin/node run.mjs | tee seen
diff - seen <<'EXPECTED'
v5, as it should: stdout 'output', Success, stdout ends
v5, a lost connection: nothing in 2 s
v5, Close 1011: nothing in 2 s
v4, as it should: nothing in 2 s
EXPECTED
echo '@kubernetes/client-node 2.0.1: as written down'
