// A provider that asks a node for its network and the number of a block.
const { WebSocketServer } = require('ws');
const { WebSocketProvider } = require('ethers');

const answers = { eth_chainId: '0x1', eth_blockNumber: '0x10', net_version: '1' };
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
wss.on('connection', (ws) => {
  ws.on('message', (message) => {
    const { id, method } = JSON.parse(message);
    ws.send(JSON.stringify({ jsonrpc: '2.0', id, result: answers[method] ?? null }));
  });
});
wss.on('listening', async () => {
  const provider = new WebSocketProvider(`ws://127.0.0.1:${wss.address().port}`);
  console.log(await provider.getBlockNumber(), (await provider.getNetwork()).chainId.toString());
  await provider.destroy();
  wss.close();
});
