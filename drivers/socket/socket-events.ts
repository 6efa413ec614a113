import {
  type CloseFrame,
  type CloseInfo,
  type Connection,
  HandshakeError,
  Phase,
  type PlainRequest,
  type Refusal,
  type ProtocolError,
  type Rejection,
  type Sink,
  type UpgradeRequest,
  type WebSocketError,
} from '../../protocol/index.ts';
import { type Call, CALLS } from './calls.ts';
import { type Callbacks, type OnSent, tellSent } from './departures.ts';
import { addPlace } from './error-place.ts';
import { blame, each, guard, report, watch } from './guard.ts';
import type { Pump } from './pump.ts';
import type { PumpOwner } from './pump-parts.ts';
import { RequestDecision } from './request-decision.ts';
import type { AsyncContext, EventSource, SocketParts, SocketSetting } from './socket-parts.ts';
import { addTraffic } from './traffic.ts';

/**
 * A socket's events on their way from the connection to the user's handlers. Whatever a handler throws, now or in a
 * promise, is reported to `error`, closes this connection with 1011, and goes no further.
 */
export class SocketEvents implements Sink, PumpOwner {
  /** Set right after they were made. */
  connection!: Connection;
  pump!: Pump;
  closeFrame: CloseFrame | undefined;
  /** How it ended, with what went over it. */
  closeInfo: CloseInfo | undefined;
  messagesReceived: number;
  messagesSent: number;
  /** In whole milliseconds, -1 for never. */
  openedAt: number;
  /** Called once the opening handshake is over, however it went. */
  onceOpened: (() => void) | undefined;
  /** Who waits until nothing is buffered any more; called at the end, too. */
  onceWritable: (() => void)[] | undefined;
  readonly #socket: EventSource;
  readonly #setting: SocketSetting;
  /** Server: what answers the request, until the connection is open. */
  #decision: RequestDecision | undefined;
  /** Where all callbacks run; those that come of messages may run in the stream's own. */
  readonly #context: AsyncContext | undefined;
  readonly #messageContext: AsyncContext | undefined;
  /** Server: the request, from the moment it came until the connection is open, or for good once somebody has seen it. */
  #request: UpgradeRequest | undefined;
  #isRequestSeen: boolean;

  constructor(socket: EventSource, parts: SocketParts) {
    this.closeFrame = undefined;
    this.closeInfo = undefined;
    this.messagesReceived = 0;
    this.messagesSent = 0;
    this.openedAt = -1;
    this.onceOpened = undefined;
    this.onceWritable = undefined;
    this.#socket = socket;
    this.#setting = parts.setting;
    const { admission, observer } = parts.setting;
    this.#decision = admission && new RequestDecision(this, socket, admission, { observer, peer: parts.peer });
    this.#context = parts.context;
    this.#messageContext = parts.isContextShared === true ? undefined : parts.context;
    this.#request = undefined;
    this.#isRequestSeen = false;
  }

  /** The same object each time. */
  get request(): UpgradeRequest | undefined {
    this.#isRequestSeen = true;
    return this.#request;
  }

  onRequest(request: UpgradeRequest): void {
    this.#request = request;
    this.#setting.observer?.onHandshake(this.#socket);
    this.#decision!.onRequest(request);
  }

  onPlainRequest(request: PlainRequest, refusal: Rejection): void {
    this.#decision!.onPlainRequest(request, refusal);
  }

  onRefused(refusal: Refusal): void {
    this.#decision!.onRefused(refusal);
  }

  onOpen(): void {
    this.#within(this.#open);
  }

  #open(): void {
    this.#setting.admission?.enter(this.#socket);
    this.#opened();
    this.#socket.dialing?.opened();
    this.openedAt = Math.floor(this.#socket.clock.now());
    if (this.#setting.answersFirst) this.pump.write();
    this.#setting.observer?.onOpen(this.#socket);
    this.#tell(CALLS.open);
    this.#decision = undefined;
    // The connection can make another, from less than this one takes.
    if (!this.#isRequestSeen) this.#request = undefined;
  }

  onText(text: string): void {
    this.#handle(text, false);
  }

  // Lent bytes are part of a read buffer: a copy is safe to keep, and does not keep that buffer alive.

  onTextBytes(bytes: Uint8Array, owned: boolean): void {
    this.#handle(owned ? bytes : this.#setting.copier.own(bytes), false);
  }

  onBinary(bytes: Uint8Array, owned: boolean): void {
    this.#handle(owned ? bytes : this.#setting.copier.own(bytes), true);
  }

  #handle(message: string | Uint8Array, binary: boolean): void {
    this.messagesReceived++;
    this.#setting.observer?.onMessage(this.#socket, message, false);
    if (this.#messageContext !== undefined) return this.#tell(CALLS.message, message, binary);
    // As `#tell` would, by a shorter way.
    try {
      const result: unknown = this.#setting.handlers.message?.(this.#socket, message, binary);
      if (result !== undefined) watch(this, result);
    } catch (error) {
      blame(this, error);
    }
  }

  onMessageStart(binary: boolean): void {
    this.#setting.observer?.onPart(this.#socket, binary ? new Uint8Array(0) : '', false, false);
    this.#tell(CALLS.messageStart, binary);
  }

  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void {
    this.#setting.observer?.onPart(this.#socket, chunk, false, false);
    this.#tell(CALLS.messageChunk, owned || typeof chunk === 'string' ? chunk : this.#setting.copier.own(chunk));
  }

  onMessageEnd(): void {
    this.messagesReceived++;
    this.#setting.observer?.onPart(this.#socket, '', false, true);
    this.#tell(CALLS.messageEnd);
  }

  onPing(payload: Uint8Array): void {
    this.#tell(CALLS.ping, payload);
  }

  onPong(payload: Uint8Array, id: number, roundTrip: number): void {
    this.#setting.observer?.onPong(this.#socket, roundTrip);
    this.#tell(CALLS.pong, payload, id, roundTrip);
  }

  onWritable(): void {
    this.#setting.observer?.onBackpressure(this.#socket, false);
    this.#within(this.#tell, CALLS.drain);
    this.#letWaitersGo();
  }

  onDeparted(callbacks: Callbacks, error?: Error): void {
    if (callbacks !== undefined) this.#within(this.#departed, callbacks, error);
  }

  #departed(callbacks: OnSent | readonly OnSent[], error: Error | undefined): void {
    if (typeof callbacks === 'function') guard(this, tellSent, callbacks, error);
    else for (const callback of callbacks) guard(this, tellSent, callback, error);
  }

  onEnding(): boolean {
    let lingers = false;
    if (this.#setting.handlers.ending !== undefined) this.within(() => (lingers = this.#asksToLinger()));
    return lingers;
  }

  onDeflated(): void {
    this.pump.onDeflated();
  }

  #asksToLinger(): boolean {
    let answer: unknown;
    guard(this, () => {
      answer = this.#setting.handlers.ending?.(this.#socket);
      if (answer !== true) watch(this, answer);
    });
    if (answer !== true) return false;
    // The end of the turn is asked for from among the promises: whatever they set off is then due before it.
    void Promise.resolve().then(() => this.#socket.clock.defer(() => this.pump.conclude()));
    return true;
  }

  onFault(fault: ProtocolError): void {
    this.#within(this.#tell, CALLS.fault, fault);
  }

  onCloseFrame(code: number, reason: string): void {
    this.closeFrame = { code, reason };
    this.#within(this.#tell, CALLS.closeFrame, code, reason);
  }

  onClosed(info: CloseInfo): void {
    this.#within(this.#close, info);
  }

  #close(info: CloseInfo): void {
    addTraffic(info, this, this.#socket.clock.now());
    this.closeInfo = info;
    if (this.connection.opening === undefined) {
      if (this.#goesOn(info)) return;
      const { isServer, url, dialing } = this.#socket;
      if (!isServer) tellInstead(info, addPlace(info.error, url, dialing?.stage));
    }
    this.#setting.admission?.leave(this.#socket);
    this.#decision?.abort(info.error);
    this.#opened();
    this.#setting.observer?.onClose(this.#socket, info);
    this.pump.abandon(info.error);
    this.#tell(CALLS.close, info);
    this.#letWaitersGo();
  }

  /** Whether a redirect leads on. Where it can't be followed, that is why it has ended. */
  #goesOn(info: CloseInfo): boolean {
    try {
      return this.#socket.goOn();
    } catch (cause) {
      const { response } = info.error as HandshakeError;
      const text = 'the redirect could not be followed';
      tellInstead(info, new HandshakeError(text, { kind: 'internal', cause, response }));
      return false;
    }
  }

  #letWaitersGo(): void {
    const waiting = this.onceWritable;
    if (waiting === undefined) return;
    this.onceWritable = undefined;
    each(waiting, (callback) => callback());
  }

  #opened(): void {
    this.onceOpened?.();
    this.onceOpened = undefined;
  }

  /** Calls a handler. It may be an async function: its promise is not waited for, but must not be left to reject unheard. */
  #tell(call: Call, a?: unknown, b?: unknown, c?: unknown): void {
    const context = this.#messageContext;
    if (context === undefined) guard(this, this.#call, call, a, b, c);
    else context.runInAsyncScope(guard, undefined, this, this.#call as never, call, a, b, c);
  }

  /** Does this, which something of others' may have led to, in the context of this connection. */
  within(step: () => void): void {
    this.#within(step);
  }

  /** The same with a step of its own, and what that is to be given. */
  #within<A extends [a?: any, b?: any, c?: any]>(step: (this: SocketEvents, ...given: A) => void, ...given: A): void;
  #within(step: (a?: unknown, b?: unknown, c?: unknown) => void, a?: unknown, b?: unknown, c?: unknown): void {
    // What the connection's own stream brings is in a shared context anyway; what becomes of a write is in that of the write.
    const isWithin = this.#messageContext === undefined && this.pump.isReceiving;
    if (this.#context === undefined || isWithin) step.call(this, a, b, c);
    else this.#context.runInAsyncScope(step, this, a, b, c);
  }

  #call(call: Call, a: unknown, b: unknown, c: unknown): void {
    const result = call(this.#setting.handlers, this.#socket, a, b, c);
    if (result !== undefined) watch(this, result);
  }

  /** A handler threw, or its promise was rejected. */
  failed(error: unknown): void {
    this.report(error);
    if (this.connection.phase === Phase.OPEN) this.#socket.close(1011);
  }

  /** Tells of what a callback threw. */
  report(error: unknown): void {
    this.#setting.observer?.onError(this.#socket, error);
    this.within(() => report(error, () => this.#setting.handlers.error?.(error, this.#socket)));
  }
}

/** The end is told with this error: the object is the one that the connection has. */
function tellInstead(info: CloseInfo, error: WebSocketError | undefined): void {
  (info as { error: WebSocketError | undefined }).error = error;
}
