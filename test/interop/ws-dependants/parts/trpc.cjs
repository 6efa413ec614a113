// A query, a mutation and a subscription over @trpc/server's adapter for ws.
const { WebSocket, WebSocketServer } = require('ws');
const { initTRPC } = require('@trpc/server');
const { observable } = require('@trpc/server/observable');
const { applyWSSHandler } = require('@trpc/server/adapters/ws');
const { createTRPCClient, createWSClient, wsLink } = require('@trpc/client');

const t = initTRPC.create();
const router = t.router({
  hello: t.procedure.query(() => 'world'),
  count: t.procedure.subscription(() =>
    observable((emit) => {
      for (let i = 1; i <= 3; i++) emit.next(i);
      emit.complete();
    }),
  ),
});
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
applyWSSHandler({ wss, router, createContext: () => ({}) });
wss.on('listening', async () => {
  const url = `ws://127.0.0.1:${wss.address().port}`;
  const socket = createWSClient({ url, WebSocket });
  const client = createTRPCClient({ links: [wsLink({ client: socket })] });
  console.log(await client.hello.query());
  await new Promise((onComplete) => client.count.subscribe(undefined, { onData: (n) => console.log(n), onComplete }));
  await socket.close();
  wss.close();
});
