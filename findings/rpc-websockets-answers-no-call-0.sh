#!/usr/bin/env bash
# rpc-websockets 10.0.1, its server, called with the ids 1, 0 and "", and a method that returns nothing; and by vscode-jsonrpc 8.2.1,
# which counts from 0.
# Expected: an answer for each with its id, as JSON-RPC 2.0 has it: a call without an id alone is a notification.
# Seen: 0 and "" are taken for notifications: the method runs, and no answer comes, so that the first call of a client that counts from
# 0 waits for good. The answer of a method that returns nothing has neither a result nor an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund rpc-websockets@10.0.1 vscode-jsonrpc@8.2.1 ws@8.23.0
cat >run.cjs <<'JS'
const { once } = require('node:events');
const { Server } = require('rpc-websockets');
const { createMessageConnection, AbstractMessageReader, AbstractMessageWriter } = require('vscode-jsonrpc');
const { WebSocket } = require('ws');

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The two ends of a WebSocket, as vscode-jsonrpc wants them. */
class Reader extends AbstractMessageReader {
  constructor(socket) {
    super();
    this.socket = socket;
  }
  listen(callback) {
    this.socket.on('message', (text) => callback(JSON.parse(text)));
    return { dispose() {} };
  }
}
class Writer extends AbstractMessageWriter {
  constructor(socket) {
    super();
    this.socket = socket;
  }
  async write(message) {
    console.log(`vscode-jsonrpc sends the id ${message.id}`);
    this.socket.send(JSON.stringify(message));
  }
  end() {}
}

(async () => {
  const server = new Server({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  let runs = 0;
  server.register('echo', ([value]) => {
    runs++;
    return value;
  });
  server.register('nothing', () => {});
  const url = `ws://127.0.0.1:${server.wss.address().port}`;

  const socket = new WebSocket(url);
  await once(socket, 'open');
  for (const [id, method] of [[1, 'echo'], [0, 'echo'], ['', 'echo'], [2, 'nothing']]) {
    runs = 0;
    let answer = 'nothing';
    socket.once('message', (text) => (answer = `${text}`));
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params: ['Hello'] }));
    await later(500);
    socket.removeAllListeners('message');
    console.log(`${method} with the id ${JSON.stringify(id)}: ${answer}; it runs ${runs} times`);
  }

  const other = new WebSocket(url);
  await once(other, 'open');
  const connection = createMessageConnection(new Reader(other), new Writer(other));
  connection.listen();
  for (let call = 1; call <= 2; call++) {
    const answer = connection.sendRequest('echo', ['Hello']);
    console.log(`its call ${call}: ${await Promise.race([answer, later(1000).then(() => 'no answer')])}`);
  }
  process.exit();
})();
JS
timeout 30 node run.cjs | tee seen
diff - seen <<'EXPECTED'
echo with the id 1: {"jsonrpc":"2.0","result":"Hello","id":1}; it runs 1 times
echo with the id 0: nothing; it runs 1 times
echo with the id "": nothing; it runs 1 times
nothing with the id 2: {"jsonrpc":"2.0","id":2}; it runs 0 times
vscode-jsonrpc sends the id 0
its call 1: no answer
vscode-jsonrpc sends the id 1
its call 2: Hello
EXPECTED
echo 'rpc-websockets 10.0.1, its server: as written down'
