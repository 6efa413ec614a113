/** graphql-ws on both sides: its client on our WHATWG class, its server behind our `listen`. */
import { createRequire } from 'node:module';
import { createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer, type Client } from 'graphql-ws';
import { afterEach, expect, test } from 'vitest';
import { listen, type Server } from '../../../drivers/index.ts';
import { WebSocket } from '../../../drivers/web/index.ts';

// As graphql-ws finds it: Vite would give this file the ES module, and there must be one graphql only.
const { GraphQLObjectType, GraphQLSchema, GraphQLString } = createRequire(import.meta.url)(
  'graphql',
) as typeof import('graphql');

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString, resolve: () => 'world' } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      greetings: {
        type: GraphQLString,
        async *subscribe() {
          for (const greetings of ['Hi', 'Bonjour', 'Hola']) yield { greetings };
        },
      },
    },
  }),
});

let server: Server;
let client: Client | undefined;
afterEach(async () => {
  await client?.dispose();
  await server.close({ timeout: 1 });
});

/** graphql-ws's server for any WebSocket: this is all that it takes. */
async function serveGraphql(): Promise<string> {
  const graphql = makeServer({ schema });
  server = await listen({ host: '127.0.0.1', port: 0, subprotocols: [GRAPHQL_TRANSPORT_WS_PROTOCOL] }, async (ws) => {
    let take!: (text: string) => Promise<void>;
    const closed = graphql.opened(
      {
        protocol: ws.protocol,
        send: (text) => ws.send(text),
        close: (code, reason) => void ws.close(code, reason),
        onMessage: (handler) => (take = handler),
      },
      { request: ws.request },
    );
    void ws.closed.then(({ code, reason }) => closed(code, reason));
    for await (const message of ws) void take(String(message));
  });
  return server.url;
}

test('a query and a subscription, one after the other and at the same time', async () => {
  client = createClient({ url: await serveGraphql(), webSocketImpl: WebSocket, lazy: false });
  const collect = async (query: string) => {
    const results: unknown[] = [];
    for await (const { data, errors } of client!.iterate({ query })) results.push(errors ?? data);
    return results;
  };
  expect(await collect('{ hello }')).toEqual([{ hello: 'world' }]);
  const [greetings, again] = await Promise.all([collect('subscription { greetings }'), collect('{ hello }')]);
  expect(greetings).toEqual([{ greetings: 'Hi' }, { greetings: 'Bonjour' }, { greetings: 'Hola' }]);
  expect(again).toEqual([{ hello: 'world' }]);
});

test('the client sees why the server closes: 4400 for what is no message of the protocol', async () => {
  const socket = new WebSocket(await serveGraphql(), GRAPHQL_TRANSPORT_WS_PROTOCOL);
  socket.onopen = () => socket.send('nonsense');
  const { code, reason } = await new Promise<{ code: number; reason: string }>((resolve) => (socket.onclose = resolve));
  expect([code, reason]).toEqual([4400, 'Invalid message received']);
});

test('it is lazy: it closes with 1000 what nobody uses, and connects again', async () => {
  const url = await serveGraphql();
  let connections = 0;
  client = createClient({
    url,
    webSocketImpl: WebSocket,
    retryWait: () => Promise.resolve(),
    on: { connected: () => connections++ },
  });
  const query = async () => {
    for await (const { data } of client!.iterate({ query: '{ hello }' })) return data;
    return undefined;
  };
  expect(await query()).toEqual({ hello: 'world' });
  expect(await query()).toEqual({ hello: 'world' });
  expect(connections).toBe(2);
});
