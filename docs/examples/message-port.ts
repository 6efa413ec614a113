// WebSocket over a pair of MessagePorts: a driver for a transport that is no socket. Keepalive and the deadlines of both
// handshakes are the core's; the driver owns one timer and moves bytes.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Connection, EventQueue, TransportAction, type Event as ConnectionEvent } from 'sansocket/protocol';

const now = () => performance.now();

/** Runs a connection over a port, which carries Uint8Arrays, and null for the end of this side. Returns its door. */
export function carry(
  port: MessagePort,
  connect: (sink: EventQueue) => Connection,
  on: (event: ConnectionEvent, connection: Connection) => void,
): (step: (connection: Connection) => void) => void {
  const events = new EventQueue();
  const connection = connect(events);
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const after = (step: (connection: Connection) => void) => {
    step(connection);
    for (const event of events) on(event, connection);
    // A chunk may be a view of more, all of which would be copied.
    for (const chunk of connection.takeOutput()) port.postMessage(chunk.slice());
    if (connection.transportAction === TransportAction.END && !hasEnded) port.postMessage(null);
    hasEnded ||= connection.transportAction === TransportAction.END;
    if (connection.transportAction === TransportAction.ABORT) port.close();
    clearTimeout(timer);
    const due = connection.nextTimeout();
    if (due < Infinity) timer = setTimeout(() => after(() => connection.handleTimeout(now())), due - now());
  };
  port.on('message', (bytes: Uint8Array | null) => {
    after(() => (bytes === null ? connection.receiveEof(now()) : connection.receive(bytes, now())));
  });
  port.on('close', () => after(() => connection.transportLost(now())));
  after(() => {});
  return after;
}

const { port1, port2 } = new MessageChannel();
const options = { pingInterval: 20_000, pongTimeout: 20_000, closeTimeout: 10_000 };

carry(
  port2,
  (sink) => Connection.server({ now: now(), sink, ...options }),
  (event, server) => {
    if (event.type === 'request') server.accept();
    if (event.type === 'text') server.sendText(`${event.text} yourself`);
  },
);
carry(
  port1,
  (sink) => Connection.client({ url: 'ws://port.example/' }, { now: now(), sink, ...options }),
  (event, client) => {
    if (event.type === 'open') client.sendText('hello');
    if (event.type === 'text') console.log(event.text);
    if (event.type === 'text') client.close(1000, 'done', now());
    if (event.type === 'closed') console.log(event.info.code, event.info.clean);
    if (event.type === 'closed') port1.close();
  },
);
