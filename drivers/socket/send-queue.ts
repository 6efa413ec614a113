import {
  type BytesLike,
  type Connection,
  InvalidStateError,
  Phase,
  PreparedMessage,
  WebSocketError,
  type Resources,
} from '../../protocol/index.ts';
import { toBytes } from '../../protocol/internal.ts';
import type { Clock } from '../clock.ts';
import { guard, type Guarded } from './guard.ts';
import type { Pump } from './pump.ts';
import type { Backlog } from './pump-parts.ts';

/** What a socket sends through. */
export type Outlet = Pick<Connection, 'phase' | 'sendText' | 'sendBinary' | 'sendPrepared' | 'sendFragment' | 'close'>;

export interface SendQueueParts {
  connection: Connection;
  pump: Pump;
  clock: Clock;
  resources: Resources;
}

/** As `Socket.send` says: longer bytes are left alone by the caller until they are written, shorter ones may change. */
const BY_REFERENCE_OVER = 1024;

/** What something that waits takes besides its bytes, so that many empty messages count too. */
const TURN_SIZE = 128;

/** Something to do when its turn comes. */
interface TurnQueue {
  /** The bytes that it sends. */
  readonly size: number;
  /** What is to be deflated first. */
  later: PreparedMessage | undefined;
  readonly run: () => void;
  /** What is to be done once it has run. */
  readonly after: (() => void)[];
  next: TurnQueue | undefined;
}

/**
 * The outlet of a connection that has large messages deflated off the thread (`asyncAbove`): what is sent behind one
 * waits until that is done, a Close frame too, so that messages keep their order. Control frames go ahead.
 *
 * One message of a connection is deflated at a time. Without one in the works everything goes straight through.
 */
export class SendQueue implements Outlet, Backlog, Guarded {
  /** What the bytes that wait come to, and what holds them. */
  size: number;
  readonly #connection: Connection;
  readonly #pump: Pump;
  readonly #clock: Clock;
  readonly #resources: Resources;
  /** The first of those that wait, which is being deflated, and the last. */
  #first: TurnQueue | undefined;
  #last: TurnQueue | undefined;
  /** What the fragments of the message are that is being sent in fragments, as far as it has been handed in. */
  #fragments: 'string' | 'object' | undefined;
  /** Whether a Close frame waits. */
  #closing: boolean;

  constructor(parts: SendQueueParts) {
    this.size = 0;
    this.#connection = parts.connection;
    this.#pump = parts.pump;
    this.#clock = parts.clock;
    this.#resources = parts.resources;
    this.#first = undefined;
    this.#last = undefined;
    this.#fragments = undefined;
    this.#closing = false;
  }

  get phase(): Phase {
    const { phase } = this.#connection;
    return this.#closing && phase === Phase.OPEN ? Phase.CLOSING : phase;
  }

  sendText(text: string | BytesLike, compress = true): void {
    this.#checkBetweenMessages();
    if (typeof text !== 'string') return this.#sendBytes(toBytes(text), compress, true);
    // A code unit comes to three bytes at most: what can't be large is not measured here.
    if (this.#first === undefined && !this.#connection.deflatesLater(3 * text.length)) {
      return this.#connection.sendText(text, compress);
    }
    const size = this.#resources.text.byteLength(text);
    if (compress && this.#connection.deflatesLater(size)) {
      return this.#deflate(new PreparedMessage(text, this.#resources));
    }
    this.#send(size, () => this.#connection.sendText(text, compress));
  }

  sendBinary(data: BytesLike, compress = true): void {
    this.#checkBetweenMessages();
    this.#sendBytes(toBytes(data), compress, false);
  }

  sendPrepared(message: PreparedMessage, compress = true): void {
    this.#checkBetweenMessages();
    const size = message.payload.length;
    if (compress && this.#connection.deflatesLater(size)) return this.#deflate(message);
    this.#send(size, () => this.#connection.sendPrepared(message, compress));
  }

  sendFragment(data: string | BytesLike, fin: boolean, compress = true, asText = false): void {
    const kind = asText || typeof data === 'string' ? 'string' : 'object';
    if (this.#fragments !== undefined && kind !== this.#fragments) {
      throw new TypeError('the fragments of a message must be all text or all bytes');
    }
    this.#fragments = fin ? undefined : kind;
    if (this.#first === undefined) return this.#connection.sendFragment(data, fin, compress, asText);
    const part = typeof data === 'string' ? data : keep(toBytes(data));
    const size = typeof part === 'string' ? this.#resources.text.byteLength(part) : part.length;
    this.#append(size, undefined, () => this.#connection.sendFragment(part, fin, compress, asText));
  }

  close(code: number, reason: string, now: number): void {
    if (this.#first === undefined || this.#connection.phase !== Phase.OPEN) {
      return this.#connection.close(code, reason, now);
    }
    this.#connection.checkClose(code, reason);
    if (this.#closing) return;
    this.#closing = true;
    this.#send(0, () => this.#connection.close(code, reason, this.#clock.now()));
  }

  whenSent(callback: () => void): void {
    if (this.#last === undefined) callback();
    else this.#last.after.push(callback);
  }

  clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.size = 0;
  }

  #sendBytes(bytes: Uint8Array, compress: boolean, asText: boolean): void {
    const size = bytes.length;
    if (compress && this.#connection.deflatesLater(size)) {
      return this.#deflate(new PreparedMessage(keep(bytes), this.#resources, asText));
    }
    if (asText && !this.#resources.text.isValid(bytes, 0, size)) throw new TypeError('the text is not UTF-8');
    const kept = this.#first === undefined ? bytes : keep(bytes);
    this.#send(size, () => {
      if (asText) this.#connection.sendText(kept, compress);
      else this.#connection.sendBinary(kept, compress);
    });
  }

  /** As the connection would, which may not have been handed the fragments before. */
  #checkBetweenMessages(): void {
    if (this.#fragments !== undefined) throw new InvalidStateError('a fragmented message is being sent');
  }

  /** Sends this when everything before it is sent: now, if nothing waits. */
  #send(size: number, run: () => void): void {
    if (this.#first === undefined) run();
    else this.#append(size, undefined, run);
  }

  #deflate(message: PreparedMessage): void {
    this.#append(message.payload.length, message, () => this.#connection.sendPrepared(message));
    if (this.#first === this.#last) this.#advance();
  }

  #append(size: number, later: PreparedMessage | undefined, run: () => void): void {
    const turn: TurnQueue = { size, later, run, after: [], next: undefined };
    if (this.#last === undefined) this.#first = turn;
    else this.#last.next = turn;
    this.#last = turn;
    this.size += size + TURN_SIZE;
  }

  /** Lets go what need not wait, up to the next message that is to be deflated. */
  #advance(): void {
    for (let turn = this.#first; turn !== undefined; turn = this.#first) {
      const { later, after } = turn;
      turn.later = undefined;
      if (later !== undefined && this.#connection.deflateLater(later, () => this.#deflated())) return;
      this.#first = turn.next;
      if (turn.next === undefined) this.#last = undefined;
      this.size -= turn.size + TURN_SIZE;
      turn.run();
      for (const callback of after) callback();
      // Nothing goes behind a Close frame.
      if (this.#connection.phase !== Phase.OPEN) this.clear();
    }
  }

  /** Memory that there isn't, as a rule. It costs this connection, and no other. */
  failed(cause: unknown): void {
    this.#connection.terminate(this.#clock.now(), new WebSocketError(1011, '', { cause }));
  }

  /** The first message was deflated, or could not be. The connection may have ended since. */
  #deflated(): void {
    if (this.#connection.phase !== Phase.OPEN) return this.clear();
    guard(this, this.#advance);
    this.#pump.flush();
  }
}

/** Bytes that stay as they are until they are sent. */
function keep(bytes: Uint8Array): Uint8Array {
  return bytes.length > BY_REFERENCE_OVER ? bytes : new Uint8Array(bytes);
}
