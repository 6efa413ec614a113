// A handler that takes a request as a page or as a WebSocket.
const { createServer } = require('node:http');
const { WebSocket } = require('ws');

(async () => {
  const { tinyws } = await import('tinyws');
  const app = {
    async handler(request, response) {
      if (request.ws === undefined) return response.end('plain');
      const ws = await request.ws();
      ws.send('hello');
      ws.on('message', (message) => ws.close(1000, String(message)));
    },
  };
  const http = createServer((request, response) => app.handler(request, response));
  tinyws(app, http);
  http.listen(0, '127.0.0.1', async () => {
    const { port } = http.address();
    console.log(await (await fetch(`http://127.0.0.1:${port}`)).text());
    const ws = new WebSocket(`ws://127.0.0.1:${port}`);
    ws.on('message', (message) => {
      console.log(String(message));
      ws.send('done');
    });
    ws.on('close', (code, reason) => {
      console.log(code, String(reason));
      process.exit();
    });
  });
})();
