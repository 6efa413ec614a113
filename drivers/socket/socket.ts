import {
  type BytesLike,
  type CloseFrame,
  type ClientRequest,
  type CloseInfo,
  type Connection,
  ConnectionLostError,
  InvalidStateError,
  Phase,
  PreparedMessage,
  type Rejection,
  type RequestHead,
  type ResponseHead,
  type Traffic,
  type UpgradeRequest,
  type WebSocketError,
} from '../../protocol/index.ts';
import { byteLengthOf, MAX_HEADER } from '../../protocol/internal.ts';
import { giveUpOn } from './abort.ts';
import type { Clock } from '../clock.ts';
import { guard } from './guard.ts';
import { INSPECT, type Inspect, summaryOf } from './inspect.ts';
import { SOCKET_STATES, type SocketHandlers, type SocketState } from './handlers.ts';
import type { DialProgress, Observer } from './observer.ts';
import { sendLimitPassed } from './options.ts';
import { Pump } from './pump.ts';
import {
  addressIn,
  type AddressSource,
  type RedirectTarget,
  type SocketParts,
  type SocketSetting,
} from './socket-parts.ts';
import {
  checkSendOptions,
  type ControlOptions,
  type FragmentOptions,
  SENDS,
  type SendOptions,
} from './send-options.ts';
import { SocketEvents } from './socket-events.ts';
import { trafficOf } from './traffic.ts';
import type { Transport, TransportHandler } from '../transport.ts';

/**
 * A connection of the event-style API: one object, no queue and no promise. Its events go to the `Handlers` that it was
 * made with.
 */
export class Socket<Data = unknown, Context = unknown> {
  /** Yours. */
  data: Data;
  /** What `authorize` gave as its context. */
  context: Context;
  /** @internal Client: how far the opening handshake has come, where the driver tells. */
  dialing: DialProgress | undefined;
  readonly #events: SocketEvents;
  readonly #setting: SocketSetting;
  readonly #follow: ((redirect: ClientRequest) => RedirectTarget) | undefined;
  /** One for each place that the opening handshake leads to, as its pump. */
  #connection: Connection;
  #pump: Pump;
  #url: string;
  #remoteAddress: string | AddressSource;

  /** @internal Sockets are made by drivers. */
  constructor(parts: SocketParts) {
    this.data = undefined as Data;
    this.context = undefined as Context;
    this.dialing = undefined;
    this.#setting = parts.setting;
    this.#follow = parts.follow;
    this.#url = parts.url;
    this.#remoteAddress = parts.remoteAddress;
    this.#events = new SocketEvents(this, parts);
    this.#connection = parts.connect(this.#events);
    this.#pump = this.#makePump();
    parts.setting.admission?.wait(this);
    if (parts.signal !== undefined) this.#events.onceOpened = giveUpOn(parts.signal, this);
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    return { isServer: this.isServer, ...summaryOf(this) };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Socket ${inspect(this.toJSON(), options)}`;
  }

  /** Whether this is the server's side. */
  get isServer(): boolean {
    return this.#connection.isServer;
  }

  /** Time, as the driver has it. */
  get clock(): Clock {
    return this.#setting.clock;
  }

  /** Buffered bytes from which `send` says to wait. */
  get sendHighWater(): number {
    return this.#setting.sendHighWater;
  }

  /** @internal Who looks on. */
  get observer(): Observer | undefined {
    return this.#setting.observer;
  }

  /** Where the connection is in its life. */
  get state(): SocketState {
    return SOCKET_STATES[this.#connection.phase];
  }

  /** The URL that was opened; for a server, the one that was asked for, once it has been. */
  get url(): string {
    const request = this.isServer ? this.request : undefined;
    return request === undefined ? this.#url : this.#url + request.host + request.target;
  }

  /** The address of the peer, or an empty string where there is none. */
  get remoteAddress(): string {
    return addressIn(this.#remoteAddress);
  }

  /** The selected subprotocol, or an empty string. */
  get protocol(): string {
    return this.#connection.opening?.subprotocol ?? '';
  }

  /** The agreed extensions as the header field has them, or an empty string. */
  get extensions(): string {
    return this.#connection.opening?.extensions ?? '';
  }

  /** The opening handshake's request: the one received, or the one sent. */
  get request(): UpgradeRequest | undefined {
    return this.#events.request ?? this.#connection.opening?.request;
  }

  /** The response of the opening handshake, sent or received; undefined if there is none yet. */
  get response(): ResponseHead | undefined {
    return this.#connection.opening?.response;
  }

  /** Bytes that were sent and have not left this process. */
  get bufferedAmount(): number {
    return this.#pump.bufferedAmount;
  }

  /** The newest round trip of a ping, in milliseconds; NaN before the first. */
  get latency(): number {
    return this.#connection.latency;
  }

  /** The peer's Close frame, once it has come. */
  get closeFrame(): CloseFrame | undefined {
    return this.#events.closeFrame;
  }

  /** What has gone over it by now. */
  get traffic(): Traffic {
    return trafficOf(this.#events, this.clock.now());
  }

  /** How the connection ended, once it has. */
  get closeInfo(): CloseInfo | undefined {
    return this.#events.closeInfo;
  }

  /**
   * Sends a message: a string as TEXT, bytes as BINARY. It leaves with everything else of this turn. Bytes over 1 KiB
   * may go by reference: leave them alone while `bufferedAmount` is not zero.
   *
   * Returns whether to go on: `false` from `sendHighWater` buffered bytes on, until `drain`, and `false`, with nothing
   * sent, when the connection is not open. Throws a TypeError for what is no message, and an InvalidStateError between
   * the fragments of another.
   */
  send(data: string | BytesLike, options?: SendOptions): boolean {
    if (options !== undefined) checkSendOptions(options, SENDS.message);
    if (this.#connection.phase !== Phase.OPEN) return this.#tooLate(options, data);
    const compress = options?.compress !== false;
    if (typeof data === 'string') this.#connection.sendText(data, compress);
    else this.#connection.sendBinary(data, compress);
    return this.#sentMessage(data, options);
  }

  /**
   * Sends a message as TEXT: a string, or bytes of UTF-8, which may go by reference as those of `send` do. Returns as
   * `send` does. Throws a TypeError for bytes that are not UTF-8, and as `send` does.
   */
  sendText(text: string | BytesLike, options?: SendOptions): boolean {
    if (typeof text === 'string') return this.send(text, options);
    if (options !== undefined) checkSendOptions(options, SENDS.message);
    if (this.#connection.phase !== Phase.OPEN) return this.#tooLate(options, text);
    this.#connection.sendText(text, options?.compress !== false);
    return this.#sentMessage(text, options);
  }

  /** Sends a message that was encoded once for many sockets. Returns as `send` does. */
  sendPrepared(message: PreparedMessage, options?: SendOptions): boolean {
    if (options !== undefined) checkSendOptions(options, SENDS.message);
    if (this.#connection.phase !== Phase.OPEN) return this.#tooLate(options);
    this.#connection.sendPrepared(message, options?.compress !== false);
    return this.#sentMessage(message.payload, options);
  }

  /**
   * Encodes a message for `sendPrepared` of this socket and any other; with `asText`, bytes as TEXT. Throws a TypeError for
   * what is no message, and for text that is not UTF-8.
   */
  prepare(message: string | BytesLike, asText = false): PreparedMessage {
    return new PreparedMessage(message, this.#setting.resources, asText);
  }

  /** For broadcasts, after a send that said to wait: calls back once, after `drain`, or after `close`. It must not throw. */
  onceWritable(callback: () => void): void {
    if (this.state === 'closed') callback();
    else (this.#events.onceWritable ??= []).push(callback);
  }

  /** Sends a fragment of a message (RFC 6455 §5.4); the first one's kind is the message's. Returns as `send` does. */
  sendFragment(data: string | BytesLike, fin: boolean, options?: FragmentOptions): boolean {
    if (options !== undefined) checkSendOptions(options, SENDS.fragment);
    if (this.#connection.phase !== Phase.OPEN) return this.#tooLate(options, data);
    this.#connection.sendFragment(data, fin, options?.compress !== false, options?.text === true);
    if (fin) this.#events.messagesSent++;
    this.observer?.onPart(this, data, true, fin);
    return this.#sent(data, options);
  }

  /** Hands what was sent to the transport now, in place of the end of the turn. */
  flush(): void {
    this.#pump.write();
  }

  /** Sends a ping with at most 125 bytes. Returns its id, which `pong` will name, or 0 when the connection isn't open. */
  ping(payload?: BytesLike, options?: ControlOptions): number {
    if (options !== undefined) checkSendOptions(options, SENDS.control);
    if (this.#connection.phase !== Phase.OPEN) return Number(this.#tooLate(options));
    const id = this.#connection.ping(payload, this.clock.now());
    this.#sent('', options);
    return id;
  }

  /** Sends an unsolicited pong with at most 125 bytes. */
  pong(payload?: BytesLike, options?: ControlOptions): void {
    if (options !== undefined) checkSendOptions(options, SENDS.control);
    if (this.#connection.phase !== Phase.OPEN) return void this.#tooLate(options);
    this.#connection.pong(payload);
    this.#sent('', options);
  }

  /**
   * Starts the closing handshake, once what was sent has gone before it, or gives up the opening one. Safe to repeat.
   * Throws a RangeError or TypeError for a code or a reason that may not be sent.
   */
  close(code = 1000, reason = ''): void {
    this.#connection.close(code, reason, this.clock.now());
    this.#pump.schedule();
  }

  /** Ends the transport now. `close` is called before this returns, or right after the callback that called it. */
  terminate(error: WebSocketError = new ConnectionLostError('terminated', { kind: 'terminated' })): void {
    this.#connection.terminate(this.clock.now(), error);
    this.#pump.flush();
  }

  /** Stops reading, between messages, and the transport at once. Pings go on; no pong is waited for. */
  pause(): void {
    this.#connection.pause();
    this.#pump.flowChanged();
  }

  /** Has the transport stop, as `pause` does, and still delivers what it has brought. */
  stopReading(): void {
    this.#connection.stopReading();
    this.#pump.flowChanged();
  }

  /** @internal The same at the end of this turn, unless `resume` comes before: for whoever is about to take what came. */
  stopReadingSoon(): void {
    this.#connection.stopReading();
    this.#pump.stopSoon();
  }

  /** Reads on, and the transport at once. Messages that were held back may come before this returns. */
  resume(): void {
    this.#connection.resume(this.clock.now());
    this.#pump.flowChanged();
  }

  /** The message in progress, or the next to begin, comes in pieces: `messageStart`, `messageChunk`, `messageEnd`. */
  streamNext(): void {
    this.#connection.streamNext();
  }

  /** @internal For drivers: the transport is there. It reports to what this returns. */
  attach(transport: Transport, remoteAddress = this.#remoteAddress): void {
    this.#remoteAddress = remoteAddress;
    this.#pump.attach(transport);
  }

  /**
   * @internal For drivers: it was open from the start, and whoever made it has it now. `head` is what came with that; a
   * stream that has ended in the meantime will say no more of it.
   */
  begin(head: Uint8Array, stream: { readonly destroyed: boolean; readonly readableEnded: boolean }): void {
    if (this.state === 'closed') return; // who got it may have ended it
    this.#events.onOpen();
    if (head.length > 0) this.#pump.onData(head.slice());
    guard(this.#pump, () => {
      if (stream.destroyed) this.#pump.onLost(undefined);
      else if (stream.readableEnded) this.#pump.onEnd();
      else this.#pump.flush();
    });
  }

  /**
   * @internal For its events: the connection has ended before it was open. Returns whether it goes on elsewhere, with another
   * connection, where the last one was redirected to. Throws where that one can't be made: nothing has changed then.
   */
  goOn(): boolean {
    const next = this.#connection.redirect && this.#follow?.(this.#connection.redirect);
    if (next === undefined) return false;
    this.#connection = next.connect(this.#events);
    this.#url = next.url;
    this.#pump = this.#makePump();
    guard(this.#pump, next.dial);
    return true;
  }

  /** @internal For drivers: the request that something else has parsed, in place of its bytes. */
  receiveHead(head: RequestHead): void {
    this.#pump.onHead(head);
  }

  /** @internal For drivers: turns a client away, whatever its request is. `cause` is told with the error. */
  refuse(rejection: Rejection, cause?: Error): void {
    this.#connection.reject(rejection, this.clock.now(), cause);
    this.#pump.flush();
  }

  /** @internal For drivers: the fields of a request over HTTP/2, and whether END_STREAM stood on them. */
  receiveFields(fields: readonly string[], isEnd: boolean): void {
    this.#pump.onFields(fields, isEnd);
  }

  /** @internal For drivers: where the transport reports. */
  get transportHandler(): TransportHandler {
    return this.#pump;
  }

  #makePump(): Pump {
    const pump = new Pump({ connection: this.#connection, owner: this.#events, setting: this.#setting });
    this.#events.connection = this.#connection;
    this.#events.pump = pump;
    return pump;
  }

  #sentMessage(message: string | BytesLike, options: SendOptions | undefined): boolean {
    this.#events.messagesSent++;
    this.observer?.onMessage(this, message, true);
    return this.#sent(message, options);
  }

  /** `data` is what was added. */
  #sent(data: string | BytesLike, options?: ControlOptions): boolean {
    const goOn = this.#pump.sent();
    if (!goOn) this.observer?.onBackpressure(this, true);
    if (options?.onSent !== undefined) this.#pump.onceSent(options.onSent);
    const { sendLimit, isLimitFirst } = this.#setting;
    if ((!goOn || isLimitFirst) && this.#pump.bufferedAmount > sendLimit && this.#waited(data) > sendLimit) {
      this.terminate(sendLimitPassed(sendLimit));
      return false;
    }
    return goOn;
  }

  /** It is not open: nothing is sent. What is no message is told first. */
  #tooLate(options: ControlOptions | undefined, data: string | BytesLike = ''): false {
    if (typeof data !== 'string') byteLengthOf(data);
    const onSent = options?.onSent;
    if (onSent !== undefined) {
      const error = new InvalidStateError(`the connection is ${this.state}: nothing was sent`);
      this.clock.defer(() => this.#events.onDeparted(onSent, error));
    }
    return false;
  }

  /** What was buffered before, for that is limited: the echo of the largest message is larger than it, by its head. */
  #waited(data: string | BytesLike): number {
    const length = typeof data === 'string' ? this.#setting.resources.text.byteLength(data) : byteLengthOf(data);
    return this.#pump.bufferedAmount - length - MAX_HEADER;
  }
}

/** The event face's callbacks: `SocketHandlers` for sockets whose `data` and `context` have these types. */
export interface Handlers<Data = unknown, Context = unknown> extends SocketHandlers<Socket<Data, Context>> {}
