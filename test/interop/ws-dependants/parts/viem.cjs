// A client that asks a node for the number of a block, over its own choice of a WebSocket.
const { WebSocketServer } = require('ws');
const { createPublicClient, webSocket } = require('viem');

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
wss.on('connection', (ws) => {
  ws.on('message', (message) => {
    const { id } = JSON.parse(message);
    ws.send(JSON.stringify({ jsonrpc: '2.0', id, result: '0x10' }));
  });
});
wss.on('listening', async () => {
  const transport = webSocket(`ws://127.0.0.1:${wss.address().port}`);
  console.log(String(await createPublicClient({ transport }).getBlockNumber()));
  process.exit();
});
