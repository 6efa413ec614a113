// A call and a subscription.
const { WebSocketServer } = require('ws');
const { WebSocketProvider } = require('web3-providers-ws');

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
wss.on('connection', (ws) => {
  ws.on('message', (message) => {
    const { id, method } = JSON.parse(message);
    ws.send(JSON.stringify({ jsonrpc: '2.0', id, result: method === 'eth_subscribe' ? '0xa' : '0x10' }));
    if (method !== 'eth_subscribe') return;
    ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription: '0xa', result: 7 } }));
  });
  ws.on('close', (code, reason) => {
    console.log('closed', code, String(reason));
    process.exit();
  });
});
wss.on('listening', async () => {
  const provider = new WebSocketProvider(`ws://127.0.0.1:${wss.address().port}`, {}, { autoReconnect: false });
  const news = new Promise((resolve) =>
    provider.on('message', ({ method, params }) => void (method && resolve(params.result))),
  );
  console.log((await provider.request({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] })).result);
  console.log(
    (await provider.request({ jsonrpc: '2.0', id: 2, method: 'eth_subscribe', params: ['newHeads'] })).result,
  );
  console.log(await news);
  provider.disconnect(1000, 'done');
});
