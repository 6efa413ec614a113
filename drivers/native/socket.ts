import {
  checkClose,
  type BytesLike,
  type CloseInfo,
  ConnectionLostError,
  HandshakeError,
  InvalidStateError,
  ProtocolError,
  TimeoutError,
  type Traffic,
  type WebSocketError,
} from '../../protocol/index.ts';
import { checkFin, isBytes, joinBytes, portableText, toBytes } from '../../protocol/internal.ts';
import { type Wake, wakeAtDeadline } from '../clock.ts';
import { sendLimitPassed } from '../socket/options.ts';
import type { Handlers, Socket } from '../socket/socket.ts';
import { type Carrier, type CarrierHandler, type CarrierMaker, ITEM_COST } from './carrier.ts';
import { webClock } from './clock.ts';
import type { NativeLimits } from './options.ts';

type State = Socket['state'];

/** What a runtime says where no Close frame came (RFC 6455 §7.1.5). */
const NO_CLOSE = 1006;

const NO_TRAFFIC: Traffic = {
  ...{ openFor: 0, bytesReceived: 0, bytesSent: 0, messagesReceived: 0, messagesSent: 0 },
  ...{ sinceReceived: undefined, sinceSent: undefined },
};

const EXPIRED = { handshakeTimeout: ['opening', 'open-timeout'], closeTimeout: ['closing', 'close-timeout'] } as const;

/** What is received ahead has this much room, whatever `receiveLimit` is. */
const LEAST_ROOM = 64 * 1024;

/** How often a WebSocket is asked whether what it holds has left, in milliseconds. */
const ASK_AGAIN = 20;

/**
 * A connection on the event face, over one that the runtime has: it has the members of `Socket` that the promise API uses.
 * What only the wire could give (pings, headers, addresses) it has not.
 */
export class NativeSocket
  implements CarrierHandler, Pick<Socket<any>, 'pause' | 'stopReading' | 'stopReadingSoon' | 'resume' | 'streamNext'>
{
  readonly clock = webClock;
  readonly sendHighWater: number;
  readonly request = undefined;
  readonly response = undefined;
  readonly remoteAddress = '';
  readonly latency = NaN;
  readonly context = undefined;
  data: unknown;
  state: State;
  url: string;
  protocol: string;
  extensions: string;
  closeInfo: CloseInfo | undefined;
  /** Messages and bytes of payload: the runtime tells of no others. */
  readonly traffic: { -readonly [K in keyof Traffic]: Traffic[K] };
  /** In milliseconds, NaN for never. */
  #openedAt: number;
  #receivedAt: number;
  #sentAt: number;
  readonly #handlers: Handlers<any>;
  readonly #limits: NativeLimits;
  readonly #carrier: Carrier;
  /** What this side has closed with, if it was the first. */
  #sent: { code: number; reason: string } | undefined;
  /** Why this side has ended the connection, where it was no Close of the caller's. */
  #fault: WebSocketError | undefined;
  #deadline: Wake | undefined;
  /** Received while paused, where the runtime reads on. */
  #held: (string | Uint8Array)[];
  #heldBytes: number;
  #paused: boolean;
  /** The message to come, or the next, is asked for in pieces: it comes in one. */
  #streaming: boolean;
  /** The fragments of a message that is not whole. */
  #fragments: (string | Uint8Array)[];
  #wantsDrain: boolean;
  #asking: Wake | undefined;
  /** What the peer ended with while messages were held. */
  #end: (() => void) | undefined;

  constructor(make: CarrierMaker, url: string, limits: NativeLimits, handlers: Handlers<any>) {
    this.sendHighWater = limits.sendHighWater;
    this.data = undefined;
    this.state = 'connecting';
    this.url = url;
    this.protocol = '';
    this.extensions = '';
    this.closeInfo = undefined;
    this.traffic = { ...NO_TRAFFIC };
    this.#openedAt = NaN;
    this.#receivedAt = NaN;
    this.#sentAt = NaN;
    this.#handlers = handlers;
    this.#limits = limits;
    this.#sent = undefined;
    this.#fault = undefined;
    this.#held = [];
    this.#heldBytes = 0;
    this.#paused = false;
    this.#streaming = false;
    this.#fragments = [];
    this.#wantsDrain = false;
    this.#asking = undefined;
    this.#end = undefined;
    this.#deadline = this.#expire('handshakeTimeout', () => this.terminate());
    this.#carrier = make(this);
    // One that was open already has said so before it had a name here.
    if ((this.state as State) === 'open') this.#announce();
  }

  get bufferedAmount(): number {
    return this.#carrier.bufferedAmount;
  }

  send(data: string | BytesLike): boolean {
    const message = typeof data === 'string' ? data : toBytes(data);
    if (this.state !== 'open') return false;
    if (this.bufferedAmount > this.#limits.sendLimit) {
      this.terminate(sendLimitPassed(this.#limits.sendLimit));
      return false;
    }
    this.#carrier.send(message);
    this.#sentAt = this.clock.now();
    this.traffic.messagesSent++;
    this.traffic.bytesSent += message.length;
    if (this.bufferedAmount < this.sendHighWater) return true;
    this.#wantsDrain = true;
    this.#ask();
    return false;
  }

  /** The runtime sends whole messages: the fragments are gathered here. */
  sendFragment(data: string | BytesLike, fin: boolean): boolean {
    checkFin(fin);
    const part = typeof data === 'string' ? data : toBytes(data).slice();
    if (this.state !== 'open') return false;
    this.#fragments.push(part);
    if (!fin) return true;
    const parts = this.#fragments;
    this.#fragments = [];
    return this.send(typeof part === 'string' ? parts.join('') : joinBytes(parts as Uint8Array[]));
  }

  ping(): number {
    throw new InvalidStateError("the runtime's WebSocket sends no pings of ours");
  }

  pong(): void {
    throw new InvalidStateError("the runtime's WebSocket sends no pongs of ours");
  }

  close(code = 1000, reason = ''): void {
    checkClose(code, reason, portableText);
    if (this.state === 'connecting') return this.terminate();
    if (this.state !== 'open') return;
    this.state = 'closing';
    // Before it is sent: Bun tells of the end at once.
    this.#sent = { code, reason };
    if (!this.#startClosing(code, reason)) this.#sent = { code: 1005, reason: '' };
    if ((this.state as State) === 'closed') return;
    this.#deadline = this.#expire('closeTimeout', () => this.onEnd(NO_CLOSE, ''));
  }

  /** Closes without a word, and counts the connection as lost: the runtime has no other way to end one. */
  terminate(error: WebSocketError = new ConnectionLostError('terminated', { kind: 'terminated' })): void {
    if (this.state === 'closed') return;
    this.#fault ??= error;
    this.#end = undefined; // nobody is to wait for who takes what the peer has sent before
    this.#startClosing(1000, '');
    this.onEnd(NO_CLOSE, '');
  }

  pause(): void {
    this.#paused = true;
    this.#carrier.pause?.();
  }

  /** A runtime brings a message at a time: there is nothing else in the same read. */
  stopReading(): void {
    this.pause();
  }

  stopReadingSoon(): void {
    this.pause();
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused && this.#held.length > 0) {
      const message = this.#held.shift()!;
      this.#heldBytes -= message.length;
      this.#deliver(message);
    }
    if (this.#paused) return;
    this.#end?.();
    this.#carrier.resume?.();
  }

  streamNext(): void {
    this.#streaming = true;
  }

  // The carrier's side.

  onOpen({ protocol, extensions, url }: { protocol: string; extensions: string; url: string }): void {
    if (this.state !== 'connecting') return;
    this.#deadline?.cancel();
    this.#openedAt = this.clock.now();
    this.state = 'open';
    this.protocol = protocol;
    this.extensions = extensions;
    if (url !== '') this.url = url;
    if (this.#carrier !== undefined) this.#announce();
  }

  onMessage(data: unknown): void {
    if (this.state === 'closed' || this.state === 'connecting') return;
    if (typeof data !== 'string' && !isBytes(data)) {
      // A Blob, where the runtime makes nothing of `binaryType`: what is in it can't be had in time.
      const text = `the runtime's WebSocket gave a message that is neither a string nor bytes: ${nameOf(data)}`;
      return this.terminate(new ConnectionLostError(text));
    }
    const message = typeof data === 'string' ? data : toBytes(data);
    this.#receivedAt = this.clock.now();
    this.traffic.messagesReceived++;
    this.traffic.bytesReceived += message.length;
    const { maxMessageSize, receiveLimit } = this.#limits;
    if (message.length > maxMessageSize) {
      const reason = `message larger than ${maxMessageSize} bytes`;
      return this.terminate(new ProtocolError(1009, '', { kind: 'message-size', message: reason }));
    }
    if (!this.#paused && this.#held.length === 0) return this.#deliver(message);
    this.#held.push(message);
    this.#heldBytes += message.length;
    // Each counts with what it takes besides its bytes: empty ones would be held without end.
    const cost = this.#heldBytes + this.#held.length * ITEM_COST;
    if (this.#heldBytes <= receiveLimit && cost <= Math.max(receiveLimit, LEAST_ROOM)) return;
    const text = `more than ${receiveLimit} bytes were received ahead, and the runtime can't stop reading`;
    this.terminate(new ConnectionLostError(text));
  }

  onRoom(): void {
    if (!this.#wantsDrain || this.bufferedAmount > 0) return;
    this.#wantsDrain = false;
    this.#handlers.drain?.(this.#self);
  }

  onEnd(code: number, reason: string, cause?: unknown): void {
    if (this.state === 'closed' || this.#end !== undefined) return;
    // A runtime that tells of the end within `close()` says what it was given: it is this side that has ended it.
    if (this.#fault !== undefined) return this.#finish(NO_CLOSE, '', cause);
    // Messages that came before the end are delivered before it.
    if (this.#held.length > 0) {
      this.#end = () => this.#finish(code, reason, cause);
      if (this.state === 'open') this.state = 'closing';
      return;
    }
    this.#finish(code, reason, cause);
  }

  #finish(code: number, reason: string, cause: unknown): void {
    this.#end = undefined;
    const wasOpen = this.state !== 'connecting';
    this.#deadline?.cancel();
    this.#asking?.cancel();
    this.#held = [];
    this.state = 'closed';
    const frame = code === NO_CLOSE ? undefined : { code, reason };
    const error = frame === undefined ? (this.#fault ?? reasonOf(wasOpen, cause)) : undefined;
    const timer = error instanceof TimeoutError ? error.timer : undefined;
    const now = this.clock.now();
    this.traffic.openFor = wasOpen ? now - this.#openedAt : 0;
    if (this.traffic.messagesReceived > 0) this.traffic.sinceReceived = now - this.#receivedAt;
    if (this.traffic.messagesSent > 0) this.traffic.sinceSent = now - this.#sentAt;
    this.closeInfo = {
      code,
      reason,
      clean: frame !== undefined,
      received: frame,
      // A runtime answers a Close frame with the same.
      sent: this.#sent ?? frame,
      first: this.#sent !== undefined ? 'sent' : frame !== undefined ? 'received' : undefined,
      error,
      traffic: this.traffic,
      ...(timer === undefined ? undefined : { timer }),
    };
    if (frame !== undefined) this.#handlers.closeFrame?.(this.#self, code, reason);
    this.#handlers.close?.(this.#self, this.closeInfo);
  }

  #announce(): void {
    this.#handlers.open?.(this.#self);
  }

  #deliver(message: string | Uint8Array): void {
    const { messageStart, messageChunk, messageEnd } = this.#handlers;
    if (!this.#streaming) return this.#handlers.message?.(this.#self, message, typeof message !== 'string');
    this.#streaming = false;
    messageStart?.(this.#self, typeof message !== 'string');
    if (message.length > 0) messageChunk?.(this.#self, message);
    messageEnd?.(this.#self);
  }

  /** Browsers send 1000 and 3000 to 4999 alone: what else is asked for goes out without a code. */
  #startClosing(code: number, reason: string): boolean {
    try {
      this.#carrier.close(code, reason);
      return true;
    } catch {
      try {
        this.#carrier.close(undefined, '');
      } catch (error) {
        this.onEnd(NO_CLOSE, '', error); // nothing more is to be had of it
      }
      return false;
    }
  }

  #ask(): void {
    if (this.#carrier.pause !== undefined) return; // it tells
    this.#asking = this.clock.wakeAt(this.clock.now() + ASK_AGAIN, () => {
      this.onRoom();
      if (this.#wantsDrain) this.#ask();
    });
  }

  #expire(option: 'handshakeTimeout' | 'closeTimeout', end: () => void): Wake {
    const value = this.#limits[option];
    return wakeAtDeadline(this.clock, this.clock.now() + value, () => {
      const [what, kind] = EXPIRED[option];
      const text = `the ${what} handshake did not end within ${value} ms (${option})`;
      this.#fault ??= new TimeoutError(text, { kind, timer: { option, value } });
      end();
    });
  }

  get #self(): Socket<any> {
    return this as unknown as Socket<any>;
  }
}

/** What a value is, in a word. */
function nameOf(value: unknown): string {
  const name = (value as object | null | undefined)?.constructor?.name;
  return name === undefined ? String(value) : `a ${name}`;
}

/** The web tells pages nothing of why a connection failed. */
function reasonOf(wasOpen: boolean, cause: unknown): WebSocketError {
  const init = cause === undefined ? {} : { cause };
  if (wasOpen) return new ConnectionLostError('the connection was lost', init);
  return new HandshakeError('the connection could not be opened; the runtime does not tell why', {
    ...init,
    kind: 'connect',
    isTemporary: true,
  });
}
