// Server and client, the upgrade from polling, a broadcast of text and bytes, and `wsEngine`.
const { createServer } = require('node:http');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');

async function session(options) {
  const http = createServer().listen(0, '127.0.0.1');
  const server = new Server(http, options);
  await new Promise((resolve) => http.once('listening', resolve));
  server.on('connection', (socket) => {
    socket.on('say', (text, answer) => {
      server.emit('said', text, Buffer.from([1, 2]));
      answer(`heard ${text}`);
    });
  });
  const url = `http://127.0.0.1:${http.address().port}`;
  const clients = [io(url, { forceNew: true }), io(url, { forceNew: true, transports: ['websocket'] })];
  await Promise.all(clients.map((one) => new Promise((resolve) => one.once('connect', resolve))));
  if (clients[0].io.engine.transport.name !== 'websocket') {
    await new Promise((resolve) => clients[0].io.engine.once('upgrade', resolve));
  }
  const heard = clients.map((one) => new Promise((resolve) => one.once('said', (...all) => resolve(all))));
  console.log(await clients[1].emitWithAck('say', 'hello'));
  for (const [text, bytes] of await Promise.all(heard)) console.log(text, Buffer.from(bytes).toString('hex'));
  console.log(clients.map((one) => one.io.engine.transport.name).join());
  for (const one of clients) one.close();
  await server.close();
}

session({}).then(() => session({ wsEngine: require('ws').Server, perMessageDeflate: true }));
