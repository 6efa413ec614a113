// JSON-RPC over a WebSocket: a call, an error and a batch.
const jayson = require('jayson');
const { WebSocket } = require('ws');

const server = new jayson.Server({ add: ([a, b], callback) => callback(null, a + b) });
const wss = server.websocket({ port: 0, host: '127.0.0.1' });
wss.on('listening', () => {
  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  const client = jayson.Client.websocket({ ws });
  ws.on('open', () => {
    client.request('add', [1, 2], (_error, { result }) => {
      console.log(result);
      client.request('nothing', [], (_e, { error }) => {
        console.log(error.message);
        const batch = [
          client.request('add', [3, 4], undefined, false),
          client.request('add', [5, 6], undefined, false),
        ];
        client.request(batch, (_f, all) => {
          console.log(all.map((one) => one.result));
          process.exit();
        });
      });
    });
  });
});
