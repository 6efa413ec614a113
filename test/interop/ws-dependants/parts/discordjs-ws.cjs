// A shard that says who it is to a gateway, and hears that it is ready.
const { WebSocketServer } = require('ws');
const { WebSocketManager, WebSocketShardEvents } = require('@discordjs/ws');

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
wss.on('connection', (ws) => {
  ws.send(JSON.stringify({ op: 10, d: { heartbeat_interval: 45000 } }));
  ws.on('message', (message) => {
    const { op } = JSON.parse(message);
    if (op !== 2) return;
    console.log('identify');
    const url = `ws://127.0.0.1:${wss.address().port}`;
    ws.send(
      JSON.stringify({ op: 0, t: 'READY', s: 1, d: { session_id: 's', resume_gateway_url: url, user: { id: '1' } } }),
    );
  });
});
wss.on('listening', async () => {
  const url = `ws://127.0.0.1:${wss.address().port}`;
  const information = {
    url,
    shards: 1,
    session_start_limit: { total: 1, remaining: 1, reset_after: 1, max_concurrency: 1 },
  };
  const manager = new WebSocketManager({ token: 't', intents: 0, rest: { get: async () => information } });
  manager.on(WebSocketShardEvents.Ready, () => {
    console.log('ready');
    process.exit();
  });
  await manager.connect();
});
