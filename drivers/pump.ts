import { type Connection, Phase, type RequestHead, TransportAction, type Workspace } from '../protocol/index.ts';
import type { Clock, Wake } from './clock.ts';
import type { Transport, TransportHandler } from './transport.ts';

/** Output of this many bytes is written at once, without waiting for the end of the turn. */
const FLUSH_AT = 64 * 1024;

const NOTHING: readonly Uint8Array[] = [];

/** What a pump reports to. */
export interface PumpOwner {
  /** Nothing is buffered any more, and `sent` had said to wait. */
  onWritable(): void;
}

/** What was sent and waits for its turn to reach the connection. */
export interface Backlog {
  /** Bytes that it takes; 0 when nothing waits. */
  readonly size: number;
  /** Calls back, once, when what waits now has reached the connection, unless that ends before: at once if nothing waits. */
  whenSent(callback: () => void): void;
  /** Drops it. */
  clear(): void;
}

export interface PumpParts {
  connection: Connection;
  clock: Clock;
  workspace: Workspace;
  owner: PumpOwner;
  /** `sent` says to wait from this many buffered bytes on. */
  highWater: number;
}

/**
 * The loop that every driver runs: bytes into the connection, events out of it into the sink, output to the transport,
 * the transport's action, the next timeout.
 *
 * Output leaves in one write for all that an incoming chunk brought about, or that one turn of the event loop did.
 * While the transport has not sent what it was given, output waits in the connection.
 */
export class Pump implements TransportHandler {
  /** Where there is something before the connection. */
  backlog: Backlog | undefined;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #workspace: Workspace;
  readonly #owner: PumpOwner;
  readonly #highWater: number;
  readonly #turn: Turn;
  #transport: Transport | undefined;
  /** Chunks that the transport still holds. */
  #unsent: readonly Uint8Array[];
  #wake: Wake | undefined;
  #wakeAt: number;
  /** Whether a call below is under way that flushes when it is done. */
  #running: boolean;
  #scheduled: boolean;
  #mustWait: boolean;
  #reading: boolean;
  #ended: boolean;
  /** Over HTTP/2, whether the fields that come before all output have not been written. */
  #owesFields: boolean;

  constructor(parts: PumpParts) {
    this.backlog = undefined;
    this.#connection = parts.connection;
    this.#clock = parts.clock;
    this.#workspace = parts.workspace;
    this.#owner = parts.owner;
    this.#highWater = parts.highWater;
    this.#turn = turnOf(parts.clock);
    this.#transport = undefined;
    this.#unsent = NOTHING;
    this.#wake = undefined;
    this.#wakeAt = Infinity;
    this.#running = false;
    this.#scheduled = false;
    this.#mustWait = false;
    this.#reading = true;
    this.#ended = false;
    this.#owesFields = false;
  }

  /** Bytes that were sent and have not left this process. */
  get bufferedAmount(): number {
    const waiting = this.backlog === undefined ? 0 : this.backlog.size;
    const written = this.#transport === undefined ? 0 : this.#transport.bufferedAmount;
    return waiting + this.#connection.bufferedAmount + written;
  }

  /** The transport is there. Before that, only the connection's timeouts run. */
  attach(transport: Transport): void {
    this.#transport = transport;
    if (transport.writeFields !== undefined) {
      this.#owesFields = true;
      if (!this.#connection.isServer) this.#connection.useHttp2();
    }
    this.flush();
  }

  onData(bytes: Uint8Array): void {
    this.#running = true;
    this.#connection.receive(bytes, this.#clock.now());
    this.#running = false;
    this.flush();
  }

  /** The request, when something else has parsed it. */
  onHead(head: RequestHead): void {
    this.#running = true;
    this.#connection.receiveHead(head, this.#clock.now());
    this.#running = false;
    this.flush();
  }

  /** The fields of a request or a response over HTTP/2. */
  onFields(fields: readonly string[], isEnd: boolean): void {
    this.#running = true;
    this.#connection.receiveFields(fields, isEnd, this.#clock.now());
    this.#running = false;
    this.flush();
  }

  onDrain(): void {
    this.onReleased();
    this.flush();
  }

  onReleased(): void {
    for (const chunk of this.#unsent) this.#workspace.reclaim(chunk);
    this.#unsent = NOTHING;
  }

  /** Does what was put off when the peer's Close frame or its fault came. */
  conclude(): void {
    this.#running = true;
    this.#connection.conclude(this.#clock.now());
    this.#running = false;
    this.flush();
  }

  onEnd(): void {
    this.#running = true;
    this.#connection.receiveEof(this.#clock.now());
    this.#running = false;
    this.flush();
  }

  onLost(error: Error | undefined): void {
    this.#transport = undefined;
    this.#running = true;
    this.#connection.transportLost(this.#clock.now(), error);
    this.#running = false;
    this.flush();
  }

  /** Something was sent: it leaves at the end of the turn, or now when it is much. Returns whether to go on. */
  sent(): boolean {
    if (this.#connection.bufferedAmount < FLUSH_AT) this.schedule();
    else this.#write();
    const goOn = this.bufferedAmount < this.#highWater;
    if (!goOn) this.#mustWait = true;
    return goOn;
  }

  /** This turn is over, of which `schedule` had asked to hear. */
  onTurnEnd(): void {
    this.#scheduled = false;
    this.flush();
  }

  /** Sees that `flush` is called once this turn is over. */
  schedule(): void {
    if (this.#running || this.#scheduled) return;
    this.#scheduled = true;
    this.#turn.add(this);
  }

  /** Brings transport and timer up to what the connection now wants. */
  flush(): void {
    if (this.#running) return;
    if (this.#owesFields) this.#writeFields();
    this.#write();
    this.#act();
    this.#arm();
    if (this.#mustWait && this.bufferedAmount === 0) {
      this.#mustWait = false;
      // While closing too: what was sent before the Close frame has left.
      if (this.#connection.phase !== Phase.CLOSED) this.#owner.onWritable();
    }
  }

  #writeFields(): void {
    const fields = this.#connection.takeFields();
    if (fields === undefined) return;
    this.#owesFields = false;
    this.#transport?.writeFields?.(fields);
  }

  #write(): void {
    const transport = this.#transport;
    if (transport === undefined || this.#connection.bufferedAmount === 0) return;
    if (transport.bufferedAmount > 0 && this.#connection.transportAction !== TransportAction.ABORT) return;
    const chunks = this.#connection.takeOutput();
    if (chunks.length === 0) return;
    if (!transport.write(chunks)) this.#unsent = this.#unsent === NOTHING ? chunks : [...this.#unsent, ...chunks];
    else for (const chunk of chunks) this.#workspace.reclaim(chunk);
  }

  #act(): void {
    const transport = this.#transport;
    if (transport === undefined) return;
    const connection = this.#connection;
    const isClosed = connection.phase === Phase.CLOSED;
    if (connection.transportAction === TransportAction.ABORT) {
      this.#transport = undefined;
      transport.abort();
      return;
    }
    if (connection.transportAction === TransportAction.END) {
      // A connection that is closed waits for nobody: what can't leave now never will.
      if (isClosed && this.bufferedAmount > 0) return transport.abort();
      if (!this.#ended && connection.bufferedAmount === 0) {
        this.#ended = true;
        transport.end();
      }
    }
    if (connection.wantsInput === this.#reading) return;
    this.#reading = !this.#reading;
    if (this.#reading) transport.resume();
    else transport.pause();
  }

  /** One wake-up, never later than the connection's next timeout. One that has become too early does no harm. */
  #arm(): void {
    const due = this.#connection.nextTimeout();
    if (due === Infinity) {
      if (this.#wake === undefined) return;
      this.#wake.cancel();
      this.#wake = undefined;
      this.#wakeAt = Infinity;
    } else if (due < this.#wakeAt) {
      this.#wake?.cancel();
      this.#wakeAt = due;
      // Bound: that takes half the memory of a closure with its context, in every idle connection.
      this.#wake = this.#clock.wakeAt(due, this.#onWake.bind(this));
    }
  }

  #onWake(): void {
    this.#wake = undefined;
    this.#wakeAt = Infinity;
    this.#running = true;
    this.#connection.handleTimeout(this.#clock.now());
    this.#running = false;
    this.flush();
  }
}

/** The pumps of one clock that have something to do when this turn is over. One list for all of them holds no closures. */
class Turn {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  /** The first `#length` of these are this turn's. The arrays take turns: a new one each time would be garbage. */
  #pumps: (Pump | undefined)[];
  #others: (Pump | undefined)[];
  #length: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#onEnd = () => this.#end();
    this.#pumps = [];
    this.#others = [];
    this.#length = 0;
  }

  add(pump: Pump): void {
    if (this.#length === 0) this.#clock.defer(this.#onEnd);
    this.#pumps[this.#length++] = pump;
  }

  #end(): void {
    const pumps = this.#pumps;
    const length = this.#length;
    this.#pumps = this.#others;
    this.#others = pumps;
    this.#length = 0;
    for (let i = 0; i < length; i++) {
      pumps[i]!.onTurnEnd();
      pumps[i] = undefined;
    }
  }
}

const turns = new WeakMap<Clock, Turn>();

function turnOf(clock: Clock): Turn {
  let turn = turns.get(clock);
  if (turn === undefined) {
    turn = new Turn(clock);
    turns.set(clock, turn);
  }
  return turn;
}
