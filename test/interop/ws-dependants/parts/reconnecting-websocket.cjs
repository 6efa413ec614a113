// A client that comes back after the server has ended it.
const { WebSocket, WebSocketServer } = require('ws');
const Reconnecting = require('reconnecting-websocket');

const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
let count = 0;
wss.on('connection', (ws) => {
  ws.send(`number ${++count}`);
  if (count === 1) ws.close(4000);
});
wss.on('listening', () => {
  const options = { WebSocket, minReconnectionDelay: 10, maxReconnectionDelay: 20 };
  const ws = new Reconnecting(`ws://127.0.0.1:${wss.address().port}`, [], options);
  ws.addEventListener('message', ({ data }) => {
    console.log(data);
    if (data === 'number 2') process.exit();
  });
});
