// A route that is a WebSocket, with its parameter, and the close that it sees.
const { WebSocket } = require('ws');

(async () => {
  const { serve } = await import('@hono/node-server');
  const { createNodeWebSocket } = await import('@hono/node-ws');
  const { Hono } = await import('hono');
  const app = new Hono();
  const { injectWebSocket, upgradeWebSocket } = createNodeWebSocket({ app });
  app.get(
    '/rooms/:id',
    upgradeWebSocket((c) => ({
      onOpen: (_event, ws) => ws.send(`room ${c.req.param('id')}`),
      onMessage: ({ data }, ws) => ws.send(typeof data === 'string' ? data.toUpperCase() : data),
      onClose: ({ code, reason }) => {
        console.log('server', code, reason);
        process.exit();
      },
    })),
  );
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/rooms/7`);
    let count = 0;
    ws.on('message', (message, isBinary) => {
      console.log(isBinary, String(message));
      if (count === 0) ws.send('text');
      if (count === 1) ws.send(Buffer.from('bytes'));
      if (count++ === 2) ws.close(4000, 'done');
    });
  });
  injectWebSocket(server);
})();
