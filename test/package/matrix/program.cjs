/* The same by require, and beside an import: one copy of each class. */
const { listen, open, WebSocketError } = require('sansocket');

async function main() {
  const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
    for await (const message of ws) await ws.send(message);
  });
  const echoed = await open(`ws://127.0.0.1:${server.port}`, async (ws) => {
    await ws.send('hello');
    return ws.receive();
  });
  await server.close();
  const error = await open('ws://127.0.0.1:1').catch((reason) => reason);
  const imported = await import('sansocket');
  console.log(echoed, error instanceof WebSocketError && error instanceof imported.WebSocketError, 'over the pipe');
}
main();
