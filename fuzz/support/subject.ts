/** A connection under test: all that it does is noted, and what it costs is counted. */
import {
  Connection,
  type ConnectionOptions,
  DEFAULT_LIMITS,
  type EstablishedOptions,
  type Event,
  EventQueue,
  InvalidStateError,
  Phase,
  type ServerConnectionOptions,
  type Sink,
  TransportAction,
  WebSocketError,
  Resources,
} from '../../protocol/index.ts';
import { PermessageDeflate, portableText, PortableMasker } from '../../protocol/internal.ts';
import { zlibCodec } from '../../drivers/node/zlib/codec.ts';
import { join } from '../../test/support/cuts.ts';
import { countingRandom, noting, type Role } from '../../test/support/noting.ts';
import { assert } from './target.ts';

export type { Role };

/** The codes that a connection may be failed with, and 1006 for what has none. RFC 6455 §7.4.1 */
const FAILURE_CODES = [1002, 1006, 1007, 1008, 1009];

/** What lies behind the bytes in a read buffer: as much as makes a difference to whoever reads on, and like frames. */
const BEHIND = 64;
const PING = 0x89;

export interface SubjectOptions extends Partial<ConnectionOptions & ServerConnectionOptions & EstablishedOptions> {
  /** What runs within a sink's method, after its event was noted. */
  readonly within?: (subject: Subject, method: keyof Sink) => void;
}

export class Subject {
  readonly role: Role;
  readonly connection: Connection;
  now: number;
  /** Calls of the sink, the masker, the text codec and the allocator. */
  steps: number;
  /** Bytes that were asked of the allocator. */
  allocated: number;
  received: number;
  readonly events: Event[];
  readonly output: Uint8Array[];
  readonly #queue: EventQueue;
  #pieces: number;

  constructor(role: Role, options: SubjectOptions, make: (options: ConnectionOptions) => Connection) {
    this.role = role;
    this.now = 0;
    this.steps = 0;
    this.allocated = 0;
    this.received = 0;
    this.events = [];
    this.output = [];
    this.#queue = new EventQueue();
    this.#pieces = 0;
    const { within, ...rest } = options;
    const sink = noting(this.#queue, (method) => {
      this.steps++;
      this.events.push(...this.#queue.take());
      within?.(this, method);
    });
    this.connection = make({ resources: this.#resources(), sink, now: 0, ...rest });
  }

  /** A resources that counts, and whose random bytes are the same each time. */
  #resources(): Resources {
    const step = <T>(value: T): T => {
      this.steps++;
      return value;
    };
    const masker = new PortableMasker();
    return new Resources({
      random: countingRandom(),
      masker: {
        apply: (...args) => step(masker.apply(...args)),
        copy: (...args) => step(masker.copy(...args)),
      },
      text: {
        ...portableText,
        decode: (...args) => step(portableText.decode(...args)),
        isValid: (...args) => step(portableText.isValid(...args)),
      },
      allocate: (size) => {
        this.allocated += size;
        return step(new Uint8Array(size).fill(0xdb));
      },
    });
  }

  /** Hands bytes over in memory of their own, which is garbage afterwards; one piece in two at the start of a read buffer. */
  receive(bytes: Uint8Array): void {
    const buffer = new Uint8Array(bytes.length + (this.#pieces++ % 2 === 0 ? 0 : BEHIND)).fill(PING);
    buffer.set(bytes);
    this.received += bytes.length;
    if (buffer.length === bytes.length) this.connection.receive(buffer, this.now);
    else this.connection.receiveFrom(buffer, bytes.length, this.now);
    buffer.fill(0xdb);
    this.collect();
  }

  /** Takes the output, as a driver is to after every call. */
  collect(): Uint8Array[] {
    const chunks = this.connection.takeOutput().map((chunk) => chunk.slice());
    this.output.push(...chunks);
    return chunks;
  }

  /** Takes all turns that it wants: each goes on by a frame at least, of which there are fewer than bytes. */
  takeTurns(): void {
    for (let i = 0; this.connection.wantsTurn; i++) {
      assert(i <= this.received, 'turns follow turns without end');
      this.connection.handleTimeout(this.now);
      this.collect();
    }
  }

  get sent(): Uint8Array {
    return join(...this.output);
  }

  /**
   * Ends the transport where it has not ended, lets all deadlines pass, and holds the connection to what is due then:
   * one last event, no timer, silence, and a typed error unless it was clean.
   */
  finish(end: 'eof' | 'lost' | 'silence' = 'eof'): void {
    const { connection } = this;
    if (end === 'eof') connection.receiveEof(this.now);
    if (end === 'lost') connection.transportLost(this.now);
    if (end === 'silence' && connection.phase === Phase.OPEN) connection.close(1000, '', this.now);
    this.takeTurns();
    for (let left = 8; connection.nextTimeout() < Infinity; left--) {
      assert(left > 0, 'timers follow timers without end');
      this.now = Math.max(this.now, connection.nextTimeout());
      connection.handleTimeout(this.now);
      this.takeTurns();
    }
    this.collect();
    assert(connection.phase === Phase.CLOSED, `phase ${connection.phase} after the end`);
    assert(connection.transportAction !== TransportAction.KEEP, 'the transport is kept after the end');
    const closed = this.events.filter((event) => event.type === 'closed');
    assert(closed.length === 1 && this.events.at(-1)!.type === 'closed', 'not exactly one last event');
    const { clean, code, error, received, sent } = connection.closeInfo!;
    assert(clean === (error === undefined), 'clean, and an error');
    assert(!clean || (received !== undefined && sent !== undefined), 'clean without a Close frame each way');
    assert(code === (received?.code ?? 1006), 'a code that was not received (§7.1.5)');
    if (error !== undefined) {
      assert(error instanceof WebSocketError, `an error of the class ${String(error)}`);
      assert(FAILURE_CODES.includes(error.code), `failed with ${error.code}`);
    }
    const [events, output] = [this.events.length, this.output.length];
    connection.receive(new Uint8Array(64), this.now);
    connection.receiveEof(this.now);
    connection.transportLost(this.now);
    connection.handleTimeout(this.now + 1e9);
    connection.close();
    this.collect();
    assert(events === this.events.length && output === this.output.length, 'something came after the end');
    expectMisuse(() => connection.sendText('late'));
  }
}

/** Runs what is called at the wrong time, which must throw an InvalidStateError. */
export function expectMisuse(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidStateError) return;
    throw error;
  }
  throw new Error('a call at the wrong time did not throw');
}

/** A connection that is open from the start. */
export function openSubject(role: Role, deflate: boolean, options: SubjectOptions = {}): Subject {
  return new Subject(role, options, (all) =>
    Connection.established(role, { ...all, deflate: deflate ? agreedDeflate(role) : undefined }),
  );
}

/** permessage-deflate as both sides agree on it when neither asks for anything. */
export function agreedDeflate(role: Role): PermessageDeflate {
  const deflate = new PermessageDeflate(role === 'server', { threshold: 0 }, zlibCodec());
  const element = { name: 'permessage-deflate', params: [] };
  if (role === 'server') deflate.accept([element]);
  else deflate.confirm(element);
  assert(deflate.agreed, 'permessage-deflate was not agreed on');
  return deflate;
}

/** Small limits, so that small inputs reach them; `undefined` is the default. */
export function limitsOf(small: boolean): { maxMessageSize: number; maxFragments: number } {
  return small ? { maxMessageSize: 300, maxFragments: 4 } : DEFAULT_LIMITS;
}
