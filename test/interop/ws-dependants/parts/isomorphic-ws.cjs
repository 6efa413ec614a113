// The class that it hands on.
const WebSocket = require('isomorphic-ws');

const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1' }, () => {
  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  ws.onopen = () => ws.send('hello');
  ws.onmessage = ({ data }) => {
    console.log(data);
    ws.close();
    wss.close();
  };
});
wss.on('connection', (ws) => ws.on('message', (data) => ws.send(String(data))));
