// The core over Bun's own TCP, and a handler on the in-memory network. `bun bun.mjs`, with sansocket in node_modules.
import { createNetwork } from 'sansocket/pipe';
import { Connection, EventQueue, TransportAction } from 'sansocket/protocol';

const now = () => performance.now();

/** Runs a connection over a socket. Returns the handlers that the socket reports to. */
function carry(connect, on) {
  const events = new EventQueue();
  const connection = connect(events);
  let tcp;
  let timer;
  let unsent = [];
  let hasEnded = false;
  const after = (step) => {
    step();
    for (const event of events) on(event, connection);
    flush();
    if (connection.transportAction === TransportAction.ABORT) tcp?.terminate();
    clearTimeout(timer);
    const due = connection.nextTimeout();
    if (due < Infinity) timer = setTimeout(() => after(() => connection.handleTimeout(now())), due - now());
  };
  /** Bun's write takes what the network takes, and says how much that was. */
  const flush = () => {
    if (tcp === undefined) return;
    unsent.push(...connection.takeOutput());
    while (unsent.length > 0) {
      const written = Math.max(tcp.write(unsent[0]), 0);
      if (written < unsent[0].length) return void (unsent[0] = unsent[0].subarray(written)); // until drain
      unsent.shift();
    }
    if (connection.transportAction === TransportAction.END && !hasEnded) {
      hasEnded = true;
      tcp.end();
    }
  };
  return {
    open: (socket) => after(() => (tcp = socket)),
    data: (_, bytes) => after(() => connection.receive(bytes, now())),
    drain: () => after(() => {}),
    end: () => after(() => connection.receiveEof(now())),
    close: () => after(() => connection.transportLost(now())),
    error: () => {}, // close follows
  };
}

const serverSide = carry(
  (sink) => Connection.server({ now: now(), sink }),
  (event, server) => {
    if (event.type === 'request') server.accept();
    if (event.type === 'text') server.sendText(`${event.text} yourself`);
  },
);
const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: serverSide, allowHalfOpen: true });

await new Promise((resolve) => {
  const clientSide = carry(
    (sink) => Connection.client({ url: 'ws://bun.example/' }, { now: now(), sink }),
    (event, client) => {
      if (event.type === 'open') client.sendText('hello');
      if (event.type === 'text') console.log(event.text);
      if (event.type === 'text') client.close(1000, 'done', now());
      if (event.type === 'closed') console.log(event.info.code, event.info.clean);
      if (event.type === 'closed') resolve();
    },
  );
  Bun.connect({ hostname: '127.0.0.1', port: listener.port, socket: clientSide, allowHalfOpen: true });
});
listener.stop();

const network = createNetwork();
const server = await network.listen({}, async (ws) => {
  for await (const message of ws) await ws.send(message.toUpperCase());
});
await network.open('ws://memory/', async (ws) => {
  await ws.send('in memory');
  console.log(await ws.receive());
  await network.advance(60 * 60 * 1000); // an hour of pings
  console.log(ws.state);
});
await server.close();
