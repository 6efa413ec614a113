/** Express and WebSockets on one port: several handlers by path, and the upgrades of others left alone. */
import { createServer } from 'node:http';
import express from 'express';
import { attach, open } from 'sansocket';

const app = express();
app.get('/hello', (_request, response) => {
  response.send('hello over HTTP');
});

const http = createServer(app);

// One handler for each path. What `authorize` says becomes the connection's context.
const echo = attach(http, { path: '/echo' }, async (ws) => {
  for await (const message of ws) await ws.send(message);
});
const chat = attach(
  http,
  {
    path: (path) => path.startsWith('/rooms/'),
    authorize: ({ headers }) =>
      headers.authorization === 'Bearer secret' ? { context: { user: 'ada' } } : { status: 401 },
  },
  async (ws) => {
    await ws.send(`welcome, ${ws.context.user}`);
    await ws.closed;
  },
);

// An upgrade that nobody takes is answered with 404 by itself.
http.listen(8080, '127.0.0.1', async () => {
  console.log(await (await fetch('http://127.0.0.1:8080/hello')).text());
  await open('ws://127.0.0.1:8080/echo', async (ws) => {
    await ws.send('hello over a WebSocket');
    console.log(await ws.receive());
  });
  await open('ws://127.0.0.1:8080/rooms/1', { headers: { Authorization: 'Bearer secret' } }, async (ws) => {
    console.log(await ws.receive());
  });
  for (const path of ['/rooms/1', '/elsewhere']) {
    const error = await open(`ws://127.0.0.1:8080${path}`).catch((error) => error);
    console.log(path, error.response.status);
  }
  await Promise.all([echo.close(), chat.close()]);
  http.close();
});
