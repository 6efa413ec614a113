// Two documents that become one: an edit at either end reaches the other.
const { createServer } = require('node:http');
const Backend = require('sharedb');
const { Connection } = require('sharedb/lib/client');
const WebSocketJSONStream = require('@teamwork/websocket-json-stream');
const { WebSocket, WebSocketServer } = require('ws');

const backend = new Backend();
const http = createServer();
new WebSocketServer({ server: http }).on('connection', (ws) => backend.listen(new WebSocketJSONStream(ws)));
const done = (call) =>
  new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
http.listen(0, '127.0.0.1', async () => {
  const open = () => new Connection(new WebSocket(`ws://127.0.0.1:${http.address().port}`)).get('things', 'one');
  const [a, b] = [open(), open()];
  await done((callback) => a.create({ count: 1 }, callback));
  await done((callback) => b.subscribe(callback));
  console.log(b.data);
  const came = new Promise((resolve) => b.once('op', resolve));
  await done((callback) => a.submitOp([{ p: ['count'], na: 4 }], callback));
  await came;
  console.log(b.data, b.version);
  process.exit();
});
