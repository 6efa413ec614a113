// A subscription over `graphql-ws/use/ws`, and a query.
const { WebSocket, WebSocketServer } = require('ws');
const { useServer } = require('graphql-ws/use/ws');
const { createClient } = require('graphql-ws');
const { buildSchema } = require('graphql');

const schema = buildSchema('type Query { hello: String } type Subscription { count: Int }');
const roots = {
  query: { hello: 'world' },
  subscription: {
    async *count() {
      for (let i = 1; i <= 3; i++) yield { count: i };
    },
  },
};
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/graphql' });
const handle = useServer({ schema, roots }, wss);
wss.on('listening', async () => {
  const url = `ws://127.0.0.1:${wss.address().port}/graphql`;
  const client = createClient({ url, webSocketImpl: WebSocket });
  for await (const { data } of client.iterate({ query: '{ hello }' })) console.log(JSON.stringify(data));
  for await (const { data } of client.iterate({ query: 'subscription { count }' })) console.log(JSON.stringify(data));
  await client.dispose();
  await handle.dispose();
});
