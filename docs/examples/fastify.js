/** Fastify and WebSockets on one port: Fastify answers requests, and its server's upgrades go to the handlers. */
import Fastify from 'fastify';
import { attach, open } from 'sansocket';

const app = Fastify();
app.get('/hello', async () => ({ hello: 'over HTTP' }));

const echo = attach(app.server, { path: '/echo' }, async (ws) => {
  for await (const message of ws) await ws.send(message);
});
const clock = attach(app.server, { path: '/clock' }, (ws) => ws.send('it is late'));

// Says 1001 to everyone before Fastify closes the server.
app.addHook('preClose', async () => {
  await Promise.all([echo.close(), clock.close()]);
});

await app.listen({ host: '127.0.0.1', port: 8080 });

console.log(await (await fetch('http://127.0.0.1:8080/hello')).text());
const ws = await open('ws://127.0.0.1:8080/echo');
await ws.send('hello over a WebSocket');
console.log(await ws.receive());
console.log(await open('ws://127.0.0.1:8080/clock', (ws) => ws.receive()));

await app.close();
console.log((await ws.closed).code);
