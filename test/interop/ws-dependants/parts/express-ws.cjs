// A route with a middleware, and a broadcast to all of its clients.
const { WebSocket } = require('ws');
const app = require('express')();
const { getWss } = require('express-ws')(app);

app.use((request, response, next) => {
  request.middle = 'passed';
  next();
});
app.ws('/echo', (ws, request) => {
  ws.on('message', (message) => {
    for (const client of getWss().clients) client.send(`${request.middle} ${message}`);
  });
});
const server = app.listen(0, '127.0.0.1', () => {
  const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}/echo`);
  ws.on('open', () => ws.send('hello'));
  ws.on('message', (message) => {
    console.log(String(message));
    ws.close(1000, 'done');
  });
  ws.on('close', (code, reason) => {
    console.log(code, String(reason));
    server.close();
  });
});
