// A call, a channel, and the end.
const { createServer } = require('node:http');
const { attach } = require('socketcluster-server');
const { create } = require('socketcluster-client');

(async () => {
  const http = createServer();
  const server = attach(http);
  (async () => {
    for await (const { socket } of server.listener('connection')) {
      (async () => {
        for await (const request of socket.procedure('sum')) request.end(request.data[0] + request.data[1]);
      })();
      (async () => {
        for await (const { code } of socket.listener('disconnect')) console.log('disconnect', code);
      })();
    }
  })();
  await server.listener('ready').once();
  http.listen(0, '127.0.0.1', async () => {
    const client = create({ hostname: '127.0.0.1', port: http.address().port });
    console.log(await client.invoke('sum', [1, 2]));
    const channel = client.subscribe('news');
    await channel.listener('subscribe').once();
    const came = channel.createConsumer().next();
    server.exchange.transmitPublish('news', 'today');
    console.log((await came).value);
    client.disconnect(4500, 'bye');
    await server.listener('disconnection').once();
    setTimeout(() => process.exit(), 50);
  });
})();
