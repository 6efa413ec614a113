// The core over Deno's own TCP, and a handler on the in-memory network. `deno run --allow-net deno.mjs`, with sansocket in
// node_modules.
import { createNetwork } from 'sansocket/pipe';
import { Connection, EventQueue, TransportAction } from 'sansocket/protocol';

const now = () => performance.now();

/** Runs a connection over a TCP connection until both are over. */
async function carry(tcp, connect, on) {
  const events = new EventQueue();
  const connection = connect(events);
  let writing = Promise.resolve();
  let timer;
  let hasEnded = false;
  const after = (step) => {
    step();
    for (const event of events) on(event, connection);
    for (const chunk of connection.takeOutput()) writing = writing.then(() => writeAll(tcp, chunk));
    if (connection.transportAction === TransportAction.END && !hasEnded) {
      hasEnded = true;
      writing = writing.then(() => tcp.closeWrite());
    }
    if (connection.transportAction === TransportAction.ABORT) tcp.close();
    writing.catch(() => {}); // reading finds out too
    clearTimeout(timer);
    const due = connection.nextTimeout();
    if (due < Infinity) timer = setTimeout(() => after(() => connection.handleTimeout(now())), due - now());
  };
  after(() => {});
  try {
    const buffer = new Uint8Array(64 * 1024); // used again and again: the core keeps nothing of it
    for (let count; (count = await tcp.read(buffer)) !== null;) {
      after(() => connection.receive(buffer.subarray(0, count), now()));
    }
    after(() => connection.receiveEof(now()));
    await writing;
    after(() => connection.transportLost(now()));
    tcp.close();
  } catch (cause) {
    after(() => connection.transportLost(now(), cause));
  }
}

async function writeAll(tcp, bytes) {
  for (let done = 0; done < bytes.length;) done += await tcp.write(bytes.subarray(done));
}

const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 });
const serving = (async () => {
  const tcp = await listener.accept();
  listener.close();
  await carry(
    tcp,
    (sink) => Connection.server({ now: now(), sink }),
    (event, server) => {
      if (event.type === 'request') server.accept();
      if (event.type === 'text') server.sendText(`${event.text} yourself`);
    },
  );
})();

const tcp = await Deno.connect({ hostname: '127.0.0.1', port: listener.addr.port });
await carry(
  tcp,
  (sink) => Connection.client({ url: 'ws://deno.example/' }, { now: now(), sink }),
  (event, client) => {
    if (event.type === 'open') client.sendText('hello');
    if (event.type === 'text') console.log(event.text);
    if (event.type === 'text') client.close(1000, 'done', now());
    if (event.type === 'closed') console.log(event.info.code, event.info.clean);
  },
);
await serving;

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
