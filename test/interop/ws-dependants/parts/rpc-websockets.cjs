// A call and an event.
const { Client, Server } = require('rpc-websockets');

const server = new Server({ port: 0, host: '127.0.0.1' });
server.register('sum', ([a, b]) => a + b);
server.event('news');
server.on('listening', () => {
  const client = new Client(`ws://127.0.0.1:${server.wss.address().port}`);
  client.on('open', async () => {
    console.log(await client.call('sum', [1, 2]));
    await client.subscribe('news');
    const came = new Promise((resolve) => client.once('news', resolve));
    server.emit('news', 'today');
    console.log(await came);
    client.close();
    await server.close();
    process.exit();
  });
});
