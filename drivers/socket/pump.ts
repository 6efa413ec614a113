import { ConnectionLostError, Phase, TransportAction } from '../../protocol/index.ts';
import type { Connection, RequestHead } from '../../protocol/index.ts';
import { graceOf, type Sleeper, type Wake } from '../clock.ts';
import { Departures, type OnSent } from './departures.ts';
import type { Transport, TransportHandler } from '../transport.ts';
import { FLUSH_AT, type PumpOwner, type PumpParts } from './pump-parts.ts';
import { blame, guard, type Guarded } from './guard.ts';
import { roundRobinOf } from './round-robin.ts';
import type { SocketSetting } from './socket-parts.ts';

/** A peer that sends on and on puts off a deadline by so many turns of the event loop at most. */
const MOST_READINGS = 16;
/** In place of a length: all that the bytes are found to be, which somebody else has made. */
const UNREAD = -1;
const NOTHING: readonly Uint8Array[] = [];

/**
 * The loop that every driver runs: bytes into the connection, events out of it into the sink, output to the transport,
 * the transport's action, the next timeout. Output leaves in one write for all that an incoming chunk brought about, or that
 * one turn of the event loop did. While the transport has not sent what it was given, output waits in the connection.
 *
 * All of it runs guarded: what throws ends this connection and never reaches the loop, the timer or the stream that called.
 */
export class Pump implements TransportHandler, Guarded, Sleeper {
  /** What went over the transport, in bytes. */
  bytesReceived: number;
  bytesSent: number;
  /** When the last of them came and went, -1 for never: whole milliseconds, which take no memory of their own. */
  lastReceived: number;
  lastSent: number;
  /** Whether what came is being received: in the stream's own asynchronous context then. */
  isReceiving: boolean;
  /** Whether a call is under way that flushes when it is done: what the transport has brought, or a timeout. */
  isBusy: boolean;
  readonly #connection: Connection;
  readonly #owner: PumpOwner;
  readonly #setting: SocketSetting;
  /** Who waits for what was sent to leave, once somebody has. */
  #departures: Departures | undefined;
  #transport: Transport | undefined;
  /** Chunks that the transport still holds. */
  #unsent: readonly Uint8Array[];
  #wake: Wake | undefined;
  #wakeAt: number;
  #scheduled: boolean;
  #mustWait: boolean;
  #reading: boolean;
  /** Whether the transport stops at the end of this turn, and not before. */
  #stopsSoon: boolean;
  #ended: boolean;
  /** Whether anything has come since this was reset. */
  #hasHeard: boolean;
  /** Whether the peer has ended its side: once everything has left, that is told again. */
  #hasPeerEnded: boolean;
  /** Over HTTP/2, whether the fields that come before all output have not been written. */
  #owesFields: boolean;

  constructor(parts: PumpParts) {
    this.bytesReceived = this.bytesSent = 0;
    this.lastReceived = this.lastSent = -1;
    this.#connection = parts.connection;
    this.#owner = parts.owner;
    this.#setting = parts.setting;
    this.#departures = undefined;
    this.#transport = undefined;
    this.#unsent = NOTHING;
    this.#wake = undefined;
    this.#wakeAt = Infinity;
    this.isReceiving = this.isBusy = false;
    this.#scheduled = false;
    this.#mustWait = false;
    this.#reading = true;
    this.#stopsSoon = false;
    this.#ended = false;
    this.#hasHeard = false;
    this.#hasPeerEnded = false;
    this.#owesFields = false;
  }

  /** Bytes that were sent and have not left this process. */
  get bufferedAmount(): number {
    return this.#connection.bufferedAmount + (this.#transport === undefined ? 0 : this.#transport.bufferedAmount);
  }

  /** The transport is there. Before that, only the connection's timeouts run. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#owesFields = transport.writeFields !== undefined;
    if (this.#owesFields && !this.#connection.isServer) this.#connection.useHttp2();
    this.flush();
  }

  onData(bytes: Uint8Array): void {
    this.onRead(bytes, UNREAD);
  }

  onRead(bytes: Uint8Array, length: number): void {
    const now = this.#setting.clock.now();
    this.#hasHeard = true;
    this.isReceiving = true;
    this.isBusy = true;
    try {
      this.bytesReceived += length === UNREAD ? bytes.length : length;
      this.lastReceived = Math.floor(now);
      if (length === UNREAD) this.#connection.receive(bytes, now);
      else this.#connection.receiveFrom(bytes, length, now);
    } catch (error) {
      blame(this, error);
    }
    this.isBusy = false;
    this.isReceiving = false;
    this.flush(now);
  }

  /** The request, when something else has parsed it. */
  onHead(head: RequestHead): void {
    this.#enter((connection, now) => connection.receiveHead(head, now));
  }

  /** The fields of a request or a response over HTTP/2. */
  onFields(fields: readonly string[], isEnd: boolean): void {
    this.#hasHeard = true;
    this.#enter((connection, now) => connection.receiveFields(fields, isEnd, now));
  }

  onDrain(): void {
    this.onReleased();
    if (this.#departures !== undefined) this.#owner.onDeparted(this.#departures.takeLeft());
    this.flush();
  }

  onReleased(): void {
    for (const chunk of this.#unsent) this.#setting.resources.reclaim(chunk);
    this.#unsent = NOTHING;
  }

  /** Does what was put off when the peer's Close frame or its fault came. */
  conclude(): void {
    this.#enter((connection, now) => connection.conclude(now));
  }

  /** Goes on with what waited for a message to be deflated. */
  onDeflated(): void {
    this.#enter((connection, now) => connection.handleDeflated(now));
  }

  onWriteFailed(error: Error): void {
    this.onReleased();
    this.#mustWait = false;
    this.#enter((connection, now) => {
      connection.outputLost(now, error);
      this.abandon(error);
    });
  }

  onEnd(): void {
    this.#hasHeard = true;
    this.#hasPeerEnded = true;
    this.#enter((connection, now) => connection.receiveEof(now, true));
  }

  onLost(error: Error | undefined, isTemporary = true): void {
    const isUnsent = this.bufferedAmount > 0; // our Close frame among it, if there is one: nothing comes behind it
    this.#transport = undefined;
    this.#enter((connection, now) => {
      if (isUnsent && connection.phase === Phase.CLOSING) connection.outputLost(now, error);
      connection.transportLost(now, error, isTemporary);
    });
  }

  /** Calls the connection, and then does what it wants. */
  #enter(call: (connection: Connection, now: number) => void): void {
    const now = this.#setting.clock.now();
    this.isBusy = true;
    try {
      call(this.#connection, now);
    } catch (error) {
      this.isBusy = false;
      blame(this, error);
    }
    this.isBusy = false;
    this.flush(now);
  }

  /** The end of this connection, with its cause. */
  failed(cause: unknown): void {
    const transport = this.#transport;
    this.#transport = undefined;
    const tell = (): void => {
      if (this.#connection.phase === Phase.CLOSED) this.#owner.failed(cause);
      else this.#connection.transportLost(this.#setting.clock.now(), cause);
      this.#arm();
      transport?.abort();
    };
    if (!this.isBusy) return tell();
    this.#setting.clock.defer(() => guard(this, tell)); // within an event the connection can't be told
  }

  /** Something was sent: it leaves at the end of the turn, or now when it is much. Returns whether to go on. */
  sent(): boolean {
    if (this.#connection.outputSize < FLUSH_AT) this.schedule();
    else guard(this, this.#write, this.#setting.clock.now());
    const goOn = this.bufferedAmount < this.#setting.sendHighWater;
    if (!goOn) this.#mustWait = true;
    return goOn;
  }

  /** Calls back once everything that was sent until now has left, or never will: not before this turn is over. */
  onceSent(callback: OnSent): void {
    const departures = (this.#departures ??= new Departures());
    const connection = this.#connection;
    if (connection.bufferedAmount === connection.outputSize) departures.add(callback);
    else connection.whenSent(departures.hold(callback));
    this.schedule();
  }

  /** It is over: whoever still waits for what was sent to leave is told why it won't. */
  abandon(error: Error | undefined): void {
    // As a rule nobody does, and an error is dear to make.
    if (this.#departures === undefined) return;
    this.#owner.onDeparted(this.#departures.takeLost(), error ?? new ConnectionLostError('the connection has ended'));
  }

  /** This turn is over, of which `schedule` had asked to hear, at this time. */
  onTurnEnd(now: number): void {
    this.#scheduled = this.#stopsSoon = false;
    this.flush(now);
  }

  /** Goes on with what has come, where that had to wait. Returns whether there was anything. */
  onTurn(): boolean {
    if (!this.#connection.wantsTurn) return false;
    this.#handleTimeout();
    return true;
  }

  /** Sees that `flush` is called once this turn is over. */
  schedule(): void {
    if (this.isBusy) return this.#setting.turn.sentWithin(this);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#setting.turn.add(this);
  }

  /** Hands what was sent to the transport, within an event too. */
  write(): void {
    if (this.isBusy) guard(this, this.#write, this.#setting.clock.now());
    else this.flush();
  }

  /** Nothing runs after this: what was sent goes to the transport, and nobody is told of anything. */
  onExit(now: number): void {
    this.#scheduled = false;
    guard(this, this.#write, now);
  }

  /** Brings transport and timer up to what the connection now wants. */
  flush(now = this.#setting.clock.now()): void {
    if (this.isBusy) return;
    // In place of a call of `guard`, and what is rare by a call: every message passes through here, as through `onData`.
    try {
      this.#write(now);
      this.#act();
      this.#arm();
      if (this.#mustWait || this.#hasPeerEnded) this.#tellDrained();
      if (this.#departures !== undefined) this.#depart(this.#departures);
    } catch (error) {
      blame(this, error);
    }
  }

  #tellDrained(): void {
    if (this.#mustWait && this.bufferedAmount === 0) {
      this.#mustWait = false;
      if (this.#connection.phase !== Phase.CLOSED) this.#owner.onWritable(); // while closing, too
    }
    // What the peer has sent before its end is dealt with first, which may take several turns.
    if (!this.#hasPeerEnded || this.bufferedAmount > 0 || this.#connection.wantsTurn) return;
    if (this.#departures !== undefined) this.#depart(this.#departures);
    this.#hasPeerEnded = false;
    this.#enter((connection, now) => connection.receiveEof(now));
  }

  #depart(departures: Departures): void {
    if (this.#transport === undefined || this.#connection.outputSize > 0) return;
    departures.depart();
    if (this.#transport.bufferedAmount === 0) this.#owner.onDeparted(departures.takeLeft());
  }

  #writeFields(): void {
    const fields = this.#connection.takeFields();
    this.#owesFields = fields === undefined;
    if (fields !== undefined) this.#transport?.writeFields?.(fields);
  }

  #write(now: number): void {
    if (this.#owesFields) this.#writeFields();
    const transport = this.#transport;
    const size = this.#connection.outputSize;
    if (transport === undefined || size === 0) return;
    // Before an end by force likewise: what is queued behind something else would go down with it.
    if (transport.bufferedAmount > 0) return;
    const chunks = this.#connection.takeOutput();
    if (chunks.length === 0) return;
    this.bytesSent += size;
    this.lastSent = Math.floor(now);
    if (transport.write(chunks)) for (const chunk of chunks) this.#setting.resources.reclaim(chunk);
    else this.#unsent = this.#unsent === NOTHING ? chunks : [...this.#unsent, ...chunks];
  }

  #act(): void {
    const transport = this.#transport;
    if (transport === undefined) return;
    const action = this.#connection.transportAction;
    if (action === TransportAction.ABORT) {
      this.#transport = undefined;
      return transport.abort();
    }
    if (action === TransportAction.END) {
      // A connection that is closed waits for nobody: what can't leave now never will.
      if (this.#connection.phase === Phase.CLOSED && this.bufferedAmount > 0) return transport.abort();
      if (!this.#ended && this.#connection.outputSize === 0) {
        this.#ended = true;
        transport.end();
      }
    }
    this.#heedPause();
  }

  /** Has the transport read, or not, as the connection wants it; what that leads to leaves at the end of the turn. */
  flowChanged(): void {
    this.#stopsSoon = false;
    guard(this, this.#heedPause);
    this.schedule();
  }

  /** Has the transport stop at the end of this turn, if that is wanted then: stopping costs as much as ten messages. */
  stopSoon(): void {
    if (!this.#stopsSoon) this.#setting.turn.addBehindReactions(this);
    this.#stopsSoon = true;
  }

  #heedPause(): void {
    const transport = this.#transport;
    if (transport === undefined || this.#stopsSoon || this.#connection.wantsInput === this.#reading) return;
    this.#reading = !this.#reading;
    if (this.#reading) transport.resume();
    else transport.pause();
  }

  /** One wake-up, never later than the connection's next timeout. One that has become too early does no harm. */
  #arm(): void {
    if (this.#connection.wantsTurn) return roundRobinOf(this.#setting.clock).add(this);
    const due = this.#connection.nextTimeout();
    if (due >= this.#wakeAt && due < Infinity) return;
    this.#wake?.cancel(this);
    this.#wake = undefined;
    this.#wakeAt = due;
    if (due === Infinity) return;
    const { clock } = this.#setting;
    this.#wake = clock.wakeSleeperAt?.(due, this) ?? clock.wakeAt(due, () => this.onWake());
  }

  /** It is time, or a little later: nobody else calls this. */
  onWake(): void {
    const now = this.#setting.clock.now();
    const late = now - this.#wakeAt;
    this.#wake = undefined;
    this.#wakeAt = Infinity;
    if (this.#connection.nextTimeout() > now) return this.#arm();
    this.#wakeAt = -Infinity; // until this deadline has been acted on
    this.#readFirst(late, 0);
  }

  /** The answer may have come in time and lie where nobody has looked yet. */
  #readFirst(late: number, readings: number): void {
    this.#hasHeard = false;
    this.#wake = this.#setting.clock.afterReading(() => this.#judge(late, readings));
  }

  #judge(late: number, readings: number): void {
    const now = this.#setting.clock.now();
    if (this.#connection.nextTimeout() <= now) {
      if (this.#hasHeard && readings < MOST_READINGS) return this.#readFirst(late, readings + 1);
      const grace = graceOf(late);
      if (grace > 0) return void (this.#wake = this.#setting.clock.wakeAt(now + grace, () => this.#readFirst(0, 0)));
    }
    this.#wake = undefined;
    this.#wakeAt = Infinity;
    this.#handleTimeout();
  }

  /** What wakes it is nobody's own: it serves many. */
  #handleTimeout(): void {
    const isWriting = this.#transport !== undefined && this.#transport.bufferedAmount > 0;
    this.#owner.within(() => this.#enter((connection, now) => connection.handleTimeout(now, isWriting)));
  }
}
