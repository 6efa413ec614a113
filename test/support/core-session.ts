/**
 * A whole session between two cores, written so that it can run where there is nothing but the language: no console, no
 * timers, no TextEncoder, no crypto. `test/empty-context.test.ts` bundles it with the built core.
 */
import { Connection, EventQueue, Phase, TransportAction, Resources } from '../../protocol/index.ts';

/** One end: a connection, its events as lines, and what it did to its transport. */
class End {
  readonly connection: Connection;
  readonly queue: EventQueue;
  readonly lines: string[];
  /** Whether events are counted, and not noted one by one. */
  quiet: boolean;
  readonly #counts: Map<string, number>;

  constructor(make: (queue: EventQueue) => Connection) {
    this.queue = new EventQueue();
    this.connection = make(this.queue);
    this.lines = [];
    this.quiet = false;
    this.#counts = new Map();
  }

  /** Moves everything that waits to be written to the other end, in pieces of `size` bytes. Returns whether there was any. */
  moveTo(other: End, size: number, now: number): boolean {
    const chunks = this.connection.takeOutput();
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += size) other.connection.receive(chunk.slice(at, at + size), now);
    }
    return chunks.length > 0;
  }

  /** Takes the events that have come. */
  note(): void {
    for (const event of this.queue) {
      if (this.quiet) {
        this.#counts.set(event.type, (this.#counts.get(event.type) ?? 0) + 1);
        continue;
      }
      const kept = Object.entries(event).filter(([key]) => key !== 'request' && key !== 'opening');
      this.lines.push(JSON.stringify(Object.fromEntries(kept), compact));
    }
  }

  /** Notes how many events of each kind came while it was quiet. */
  endQuiet(): void {
    this.quiet = false;
    for (const [type, count] of this.#counts) this.lines.push(`${count} × ${type}`);
  }
}

export interface Session {
  readonly client: readonly string[];
  readonly server: readonly string[];
}

/** Runs the session; the bytes cross in pieces of `size`. */
export function session(size: number): Session {
  let now = 1000;
  const client = new End((sink) =>
    Connection.client(
      { url: 'ws://example.test/chat?a=b', subprotocols: ['a', 'b'] },
      { now, sink, resources: resources() },
    ),
  );
  const server = new End((sink) => Connection.server({ now, sink, subprotocols: ['b'], resources: resources() }));

  const settle = (): void => {
    now += 1;
    while (client.moveTo(server, size, now) || server.moveTo(client, size, now)) {
      if (server.connection.opening === undefined && server.queue.length > 0) acceptOrFail(server);
    }
    client.note();
    server.note();
  };

  settle();
  client.connection.sendText('Grüße, 世界 👋');
  client.connection.sendBinary(bytes(70_000));
  client.connection.sendFragment('one ', false);
  client.connection.sendFragment('message', true);
  client.connection.ping(bytes(3), now);
  server.connection.sendText('');
  server.connection.sendBinary(bytes(0));
  server.connection.pong(bytes(2));
  settle();

  // Three hours go by: the keepalive runs on the times that it is given.
  const until = now + 3 * 60 * 60 * 1000;
  for (const end of [client, server]) end.quiet = true;
  while (now < until && client.connection.phase === Phase.OPEN) {
    now = Math.max(now, Math.min(client.connection.nextTimeout(), server.connection.nextTimeout()));
    client.connection.handleTimeout(now);
    server.connection.handleTimeout(now);
    settle();
  }
  for (const end of [client, server]) end.endQuiet();

  server.connection.close(4000, 'enough', now);
  settle();
  if (server.connection.transportAction === TransportAction.END) client.connection.receiveEof(now);
  if (client.connection.transportAction === TransportAction.END) server.connection.receiveEof(now);
  settle();
  return { client: client.lines, server: server.lines };
}

function acceptOrFail(server: End): void {
  server.note();
  server.connection.accept();
}

function resources(): Resources {
  let state = 1;
  return new Resources({
    random: (into) => {
      for (let i = 0; i < into.length; i++) {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        into[i] = state >> 16;
      }
    },
  });
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

/** Bytes as their length and a checksum. */
function compact(_key: string, value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  let sum = 0;
  for (const byte of value) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return `${value.length} bytes, ${sum}`;
}
