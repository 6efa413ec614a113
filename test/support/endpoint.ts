/** A connection by itself: the test plays its peer, and reads in words what it does. */
import { Connection, EventQueue, Phase, TransportAction, Resources } from '../../protocol/index.ts';
import type {
  CloseInfo,
  ConnectionOptions,
  EstablishedOptions,
  Event,
  ServerConnectionOptions,
  Sink,
} from '../../protocol/index.ts';
import { join } from './cuts.ts';
import { onEverySplit } from './every-split.ts';
import { countingRandom, noting, type Role } from './noting.ts';
import { frame, parseFrames, type FrameSpec, type ParsedFrame, KEY } from './frames.ts';

export type { Role };
export const ROLES: readonly Role[] = ['server', 'client'];

type Options = Partial<ConnectionOptions & ServerConnectionOptions & EstablishedOptions>;

export interface EndpointOptions extends Options {
  /** What is called within the sink's methods, after the event has been noted. */
  on?: (endpoint: Endpoint) => Partial<Sink>;
  /** Whether a server's sink has `onRequest`. Default true. */
  decides?: boolean;
}

/** All that a connection did, as far as the outside can tell. */
export interface Outcome {
  readonly events: string[];
  readonly sent: string[];
  readonly phase: string;
  readonly action: string;
  readonly nextTimeout: number;
}

export class Endpoint {
  readonly role: Role;
  readonly connection: Connection;
  /** The time that is passed to every call. */
  now: number;
  readonly #queue: EventQueue;
  #events: Event[];
  #output: Uint8Array[];

  /** `make` makes the connection of these options, to which a sink is added. */
  constructor(role: Role, options: EndpointOptions, make: (options: ConnectionOptions) => Connection) {
    this.role = role;
    this.now = options.now ?? 0;
    this.#queue = new EventQueue();
    this.#events = [];
    this.#output = [];
    const { on, decides = true, ...rest } = options;
    const own = on?.(this) ?? {};
    const sink = noting(this.#queue, (method, args) => {
      (own[method] as ((...args: unknown[]) => void) | undefined)?.apply(own, args);
    });
    if (!decides) delete sink.onRequest;
    // What is a question and no event is asked of `on` alone.
    if (own.onEnding !== undefined) sink.onEnding = own.onEnding;
    if (own.onFault !== undefined) sink.onFault = own.onFault;
    if (own.onDeflated !== undefined) sink.onDeflated = own.onDeflated;
    this.connection = make({ resources: new Resources({ random: countingRandom() }), sink, ...rest, now: this.now });
  }

  /** A frame as this connection's peer sends it: masked when it is a client. */
  peer(spec: FrameSpec): Uint8Array {
    return frame({ key: this.role === 'server' ? KEY : undefined, ...spec });
  }

  /** The peer sends this, at `now`. */
  receive(...parts: readonly Uint8Array[]): void {
    this.call(() => this.connection.receive(join(...parts), this.now));
  }

  receiveEof(): void {
    this.call(() => this.connection.receiveEof(this.now));
  }

  /** Time goes on to `now`, and everything is done that falls due on the way. */
  advanceTo(now: number): void {
    while (this.connection.nextTimeout() <= now) {
      this.now = this.connection.nextTimeout();
      this.call(() => this.connection.handleTimeout(this.now));
    }
    this.now = now;
    this.call(() => this.connection.handleTimeout(now));
  }

  /** Calls the connection as a driver is to: the output is taken after each call, whatever it throws. */
  call<T>(work: () => T): T {
    try {
      return work();
    } finally {
      this.collect();
    }
  }

  collect(): void {
    this.#events.push(...this.#queue.take());
    this.#output.push(...this.connection.takeOutput().map((chunk) => chunk.slice()));
  }

  /** What happened since the last time that this was asked. */
  events(): string[] {
    return this.rawEvents().map(eventInWords);
  }

  rawEvents(): Event[] {
    this.collect();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The frames that were sent since the last time that this was asked. */
  sent(): string[] {
    return this.sentFrames().map(frameInWords);
  }

  sentFrames(): ParsedFrame[] {
    const frames = parseFrames(this.sentBytes());
    // RFC 6455 §5.1: a client masks all frames, a server none.
    const wrong = frames.find(({ masked }) => masked !== (this.role === 'client'));
    if (wrong !== undefined) throw new Error(`a ${this.role} sent a frame ${wrong.masked ? 'with' : 'without'} a mask`);
    return frames;
  }

  sentBytes(): Uint8Array {
    this.collect();
    const bytes = join(...this.#output);
    this.#output = [];
    return bytes;
  }

  /** Everything since the last time. The pieces of a streamed message are joined, for they are cut as the wire is. */
  outcome(): Outcome {
    return {
      events: joinChunks(this.rawEvents()).map(eventInWords),
      sent: this.sent(),
      phase: this.phase,
      action: this.action,
      nextTimeout: this.connection.nextTimeout(),
    };
  }

  get phase(): string {
    return nameOf(Phase, this.connection.phase);
  }

  get action(): string {
    return nameOf(TransportAction, this.connection.transportAction);
  }

  get closed(): CloseInfo | undefined {
    return this.connection.closeInfo;
  }
}

/** A connection that is open from the start. */
export function openEndpoint(role: Role, options: EndpointOptions = {}): Endpoint {
  return new Endpoint(role, options, (all) => Connection.established(role, all));
}

/** What the peer's frames lead to, however they are cut. */
export function outcomeOf(
  role: Role,
  frames: readonly (FrameSpec | Uint8Array)[],
  options: EndpointOptions = {},
  then: (endpoint: Endpoint) => void = () => {},
): Outcome {
  const peer = openEndpoint(role);
  const wire = join(...frames.map((one) => (one instanceof Uint8Array ? one : peer.peer(one))));
  return onEverySplit(wire, (deliver) => {
    const endpoint = openEndpoint(role, options);
    deliver((piece) => endpoint.call(() => endpoint.connection.receive(piece, endpoint.now)));
    then(endpoint);
    return endpoint.outcome();
  });
}

function joinChunks(events: readonly Event[]): Event[] {
  const joined: Event[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (event.type !== 'messageChunk' || last?.type !== 'messageChunk') {
      joined.push(event);
    } else if (typeof event.chunk === 'string') {
      joined[joined.length - 1] = { type: 'messageChunk', chunk: `${last.chunk as string}${event.chunk}` };
    } else {
      joined[joined.length - 1] = { type: 'messageChunk', chunk: join(last.chunk as Uint8Array, event.chunk) };
    }
  }
  return joined;
}

export function eventInWords(event: Event): string {
  switch (event.type) {
    case 'request':
      return `request ${event.request.target}`;
    case 'open':
      return 'open';
    case 'text':
      return `text ${JSON.stringify(event.text)}`;
    case 'textBytes':
      return `text bytes ${hex(event.bytes)}`;
    case 'binary':
      return `binary ${hex(event.bytes)}`;
    case 'messageStart':
      return event.binary ? 'start of bytes' : 'start of text';
    case 'messageChunk':
      return `chunk ${typeof event.chunk === 'string' ? JSON.stringify(event.chunk) : hex(event.chunk)}`;
    case 'messageEnd':
      return 'end';
    case 'ping':
      return `ping ${hex(event.payload)}`;
    case 'pong':
      return `pong ${hex(event.payload)} #${event.id} ${event.roundTrip} ms`;
    case 'closeFrame':
      return `close ${event.code} ${JSON.stringify(event.reason)}`;
    case 'closed': {
      const { code, reason, clean, error } = event.info;
      const cause = error === undefined ? '' : `, ${error.name} ${error.code}`;
      return `closed ${code} ${JSON.stringify(reason)}${clean ? ', clean' : ''}${cause}`;
    }
  }
}

/** `TEXT "…"`; `BINARY+ 0102` when FIN is not set; `CLOSE 1000 "…"`. */
export function frameInWords({ opcode, fin, rsv1, payload }: ParsedFrame): string {
  const names: Record<number, string> = {
    0: 'CONTINUATION',
    1: 'TEXT',
    2: 'BINARY',
    8: 'CLOSE',
    9: 'PING',
    10: 'PONG',
  };
  const name = `${names[opcode]}${rsv1 ? '*' : ''}${fin ? '' : '+'}`;
  const text = (from: number): string => JSON.stringify(new TextDecoder().decode(payload.subarray(from)));
  if (opcode === 8) return payload.length === 0 ? name : `${name} ${payload[0] * 256 + payload[1]} ${text(2)}`;
  if (opcode === 1 && !rsv1) return `${name} ${text(0)}`;
  return `${name} ${hex(payload)}`;
}

/** The bytes in hexadecimal digits; a long row of them by its length and its ends. */
export function hex(bytes: Uint8Array): string {
  const digits = (part: Uint8Array): string => Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (bytes.length <= 256) return digits(bytes);
  const sum = bytes.reduce((hash, byte) => (Math.imul(hash, 31) + byte) >>> 0, 7);
  return `${digits(bytes.subarray(0, 8))}…${digits(bytes.subarray(-8))} (${bytes.length} bytes, ${sum.toString(16)})`;
}

function nameOf(values: Record<string, number>, value: number): string {
  return Object.keys(values).find((name) => values[name] === value)!;
}
