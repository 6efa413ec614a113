// A route, and `injectWS`.
const fastify = require('fastify')();

fastify.register(require('@fastify/websocket'));
fastify.register(async (scope) => {
  scope.get('/echo', { websocket: true }, (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
});
fastify.listen({ port: 0, host: '127.0.0.1' }).then(async (address) => {
  const { WebSocket } = require('ws');
  const sockets = [new WebSocket(`${address.replace('http', 'ws')}/echo`), await fastify.injectWS('/echo')];
  for (const ws of sockets) {
    if (ws.readyState === 0) await new Promise((resolve) => ws.once('open', resolve));
    ws.send('hello');
    console.log(String(await new Promise((resolve) => ws.once('message', resolve))));
    ws.terminate();
  }
  await fastify.close();
});
