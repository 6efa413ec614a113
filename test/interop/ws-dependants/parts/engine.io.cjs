// Text and bytes both ways over the WebSocket transport, compressed.
const { Server } = require('engine.io');
const { createServer } = require('node:http');
const { Socket } = require('engine.io-client');

const http = createServer().listen(0, '127.0.0.1', () => {
  const server = new Server({ perMessageDeflate: { threshold: 10 } });
  server.attach(http);
  server.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(data));
    socket.on('close', (reason) => {
      console.log('server', reason);
      http.close();
      server.close();
    });
  });
  const client = new Socket(`ws://127.0.0.1:${http.address().port}`, { transports: ['websocket'] });
  const echoes = [];
  client.on('open', () => {
    client.send('x'.repeat(5000));
    client.send(Buffer.from([1, 2, 3]));
  });
  client.on('message', (data) => {
    echoes.push(typeof data === 'string' ? data.length : Buffer.from(data).toString('hex'));
    if (echoes.length === 2) {
      console.log(echoes.join());
      client.close();
    }
  });
});
