/* A server and a client, by import: what plain Node, Vitest and the bundlers' output run. Prints what came back. */
import { listen, open, WebSocketError } from 'sansocket';
import { createNetwork } from 'sansocket/pipe';

const server = await listen({ host: '127.0.0.1', port: 0 }, async (ws) => {
  for await (const message of ws) await ws.send(message);
});
const echoed = await open(`ws://127.0.0.1:${server.port}`, async (ws) => {
  await ws.send('hello');
  return ws.receive();
});
await server.close();
const error = await open('ws://127.0.0.1:1').catch((reason) => reason);
const network = createNetwork();
await network.listen({}, async (ws) => void (await ws.send('over the pipe')));
const piped = await (await network.open('ws://anywhere/')).receive();
console.log(echoed, error instanceof WebSocketError, piped);
