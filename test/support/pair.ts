/** Two connections joined back to back, without a transport: what one has to say, the other is told. */
import { Connection, EventQueue, TransportAction, Resources } from '../../protocol/index.ts';
import type { ClientRequest, ConnectionOptions, Event, ServerConnectionOptions } from '../../protocol/index.ts';
import { cut, join } from './cuts.ts';
import type { Cutting } from './cuts.ts';
import { countingRandom } from './noting.ts';

export interface PairOptions {
  /** Options of each side, but for time and sink. */
  readonly client?: Partial<ConnectionOptions>;
  readonly server?: Partial<ServerConnectionOptions>;
  /** What the client asks for. Default: ws://server/. */
  readonly request?: ClientRequest;
  /** Skip the opening handshake: both are open from the start. */
  readonly established?: boolean;
  /** How what is shuttled is cut, both ways. Default 'whole'. */
  readonly cutting?: Cutting;
  /** Leave a request unanswered, for the test to decide. Default: the server accepts. */
  readonly undecided?: boolean;
}

type Name = 'client' | 'server';

/** One of the two, and all that happened to it. */
export class Side {
  readonly connection: Connection;
  /** Its events, from the first. */
  readonly events: Event[];
  /** All bytes that it has written, from the first. */
  readonly written: Uint8Array[];
  /** Those that the other has not been given. */
  waiting: Uint8Array[];
  /** Its sending side has ended, or the transport has. */
  ended: boolean;
  /** It has been told that the other's sending side has ended. */
  heardEnd: boolean;
  private readonly queue: EventQueue;

  constructor(connection: Connection, queue: EventQueue) {
    this.connection = connection;
    this.queue = queue;
    this.events = [];
    this.written = [];
    this.waiting = [];
    this.ended = false;
    this.heardEnd = false;
  }

  /** Takes over what there is to write and what has happened. */
  collect(): void {
    this.events.push(...this.queue.take());
    if (this.ended) return void this.connection.takeOutput();
    const output = this.connection.takeOutput().map((chunk) => chunk.slice());
    this.written.push(...output);
    this.waiting.push(...output);
  }

  get bytes(): Uint8Array {
    return join(...this.written);
  }

  /** The texts and bytes that it received. */
  get messages(): (string | Uint8Array)[] {
    return this.events.flatMap((event): (string | Uint8Array)[] =>
      event.type === 'text' ? [event.text] : event.type === 'binary' ? [event.bytes] : [],
    );
  }

  /** How it ended. */
  get closed() {
    return this.events.find((event) => event.type === 'closed')?.info;
  }
}

export class ConnectionPair {
  now: number;
  readonly client: Side;
  readonly server: Side;
  private readonly cutting: Cutting;
  /** The transport is gone. */
  private lost: boolean;

  constructor(options: PairOptions = {}) {
    this.now = 0;
    this.cutting = options.cutting ?? 'whole';
    this.lost = false;
    const ready = options.established === true;
    const clientQueue = new EventQueue();
    const serverQueue = new EventQueue();
    const common = { now: this.now, resources: new Resources({ random: countingRandom() }) };
    const client = { ...common, sink: clientQueue, ...options.client };
    const server = { ...common, sink: serverQueue, ...options.server };
    this.client = new Side(
      ready
        ? Connection.established('client', client)
        : Connection.client(options.request ?? { url: 'ws://server/' }, client),
      clientQueue,
    );
    this.server = new Side(ready ? Connection.established('server', server) : Connection.server(server), serverQueue);
    if (!ready && options.undecided !== true) this.open();
  }

  /** Carries everything over, both ways, until neither has more to say, and ends the transport as they ask. */
  shuttle(): void {
    while (this.carry('client') || this.carry('server')) {
      // One of them answered.
    }
  }

  /** Carries what one side has to say to the other. Returns whether there was anything. */
  carry(from: Name): boolean {
    const sender = this[from];
    const receiver = this[from === 'client' ? 'server' : 'client'];
    sender.collect();
    const { waiting } = sender;
    sender.waiting = [];
    for (const piece of this.lost ? [] : cut(join(...waiting), this.cutting)) {
      receiver.connection.receive(piece, this.now);
      piece.fill(0xdb); // lent bytes are garbage afterwards
      receiver.collect();
      this.act(receiver, sender);
    }
    const moved = this.act(sender, receiver);
    return waiting.length > 0 || moved;
  }

  /** Moves time on, stopping wherever one of them has something due. */
  advance(milliseconds: number): void {
    const until = this.now + milliseconds;
    this.shuttle();
    for (;;) {
      const next = Math.min(this.client.connection.nextTimeout(), this.server.connection.nextTimeout());
      if (next > until) break;
      this.now = Math.max(this.now, next);
      this.client.connection.handleTimeout(this.now);
      this.server.connection.handleTimeout(this.now);
      this.shuttle();
    }
    this.now = until;
  }

  /** The transport breaks: both are told. */
  breakTransport(cause?: unknown): void {
    if (this.lost) return;
    this.lost = true;
    for (const side of [this.client, this.server]) {
      side.collect();
      side.ended = true;
      side.connection.transportLost(this.now, cause);
      side.collect();
    }
  }

  private open(): void {
    this.shuttle();
    if (this.server.events.some((event) => event.type === 'request')) {
      this.server.connection.accept();
      this.shuttle();
    }
  }

  /** Does what a side wants of the transport, once what it wrote is over. Returns whether that was news. */
  private act(side: Side, other: Side): boolean {
    const { transportAction } = side.connection;
    if (this.lost || transportAction === TransportAction.KEEP || side.waiting.length > 0) return false;
    if (transportAction === TransportAction.ABORT) {
      this.breakTransport();
      return true;
    }
    if (side.ended) return false;
    side.ended = true;
    other.heardEnd = true;
    other.connection.receiveEof(this.now);
    other.collect();
    if (other.ended) this.breakTransport();
    return true;
  }
}
