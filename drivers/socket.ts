import {
  type BytesLike,
  type CloseFrame,
  type ClientRequest,
  type CloseInfo,
  type Connection,
  ConnectionLostError,
  HandshakeError,
  Phase,
  PreparedMessage,
  type RequestHead,
  type ResponseHead,
  type Sink,
  toBytes,
  type UpgradeRequest,
  type WebSocketError,
  type Workspace,
} from '../protocol/index.ts';
import type { Admission } from './admission.ts';
import type { Clock } from './clock.ts';
import type { Handlers } from './handlers.ts';
import type { Observer } from './observer.ts';
import { Pump } from './pump.ts';
import { type Outlet, SendQueue } from './send-queue.ts';
import { SocketEvents } from './socket-events.ts';
import type { Transport, TransportHandler } from './transport.ts';

/** What a driver makes a socket of. */
export interface SocketParts<Data> {
  handlers: Handlers<Data>;
  clock: Clock;
  workspace: Workspace;
  /** Makes the connection, whose events go to this sink. */
  connect: (sink: Sink) => Connection;
  /** Who looks on. */
  observer?: Observer;
  /** Server: who decides on requests. */
  admission?: Admission;
  /** The URL that was opened; for a server, its scheme: `ws://` or `wss://`. */
  url: string;
  remoteAddress: string;
  /** Buffered bytes from which `send` says to wait. */
  sendHighWater: number;
  /** Buffered bytes above which the connection is ended. */
  sendLimit: number;
  /** Gives up the opening handshake. */
  signal?: AbortSignal;
  /** Client: follows a redirect to its next place. Called once the transport of the last one is given up. */
  follow?: (redirect: ClientRequest) => Hop;
}

/** The next place that a client's opening handshake has been redirected to. */
export interface Hop {
  /** Makes the connection that takes the place of the last one; its deadline is what is left of the first one's. */
  connect: (sink: Sink) => Connection;
  url: string;
  /** Sees that there is a transport. */
  dial: () => void;
}

/** How a message is sent. */
export interface SendOptions {
  /** `false` keeps it from being compressed where compression was agreed on. */
  compress?: boolean;
}

/** Where a connection is in its life. */
export type SocketState = 'connecting' | 'open' | 'closing' | 'closed';

const STATES: readonly SocketState[] = ['connecting', 'open', 'closing', 'closed'];

/**
 * A connection of the event-style API: one object, no queue and no promise. Its events go to the `Handlers` that it was
 * made with.
 */
export class Socket<Data = unknown> {
  /** Yours. */
  data: Data;
  /** What `authorize` gave as its context. */
  context: unknown;
  readonly isServer: boolean;
  /** Time, as the driver has it. */
  readonly clock: Clock;
  /** Buffered bytes from which `send` says to wait. */
  readonly sendHighWater: number;
  readonly #events: SocketEvents<Data>;
  readonly #observer: Observer | undefined;
  readonly #workspace: Workspace;
  readonly #sendLimit: number;
  readonly #follow: ((redirect: ClientRequest) => Hop) | undefined;
  /** One for each place that the opening handshake leads to, as its pump. */
  #connection: Connection;
  #pump: Pump;
  /** What is sent goes through here: the connection, or a queue before it. */
  #outlet: Outlet;
  #url: string;
  #remoteAddress: string;

  /** @internal Sockets are made by drivers. */
  constructor(parts: SocketParts<Data>) {
    this.data = undefined as Data;
    this.context = undefined;
    this.clock = parts.clock;
    this.sendHighWater = parts.sendHighWater;
    this.#workspace = parts.workspace;
    this.#sendLimit = parts.sendLimit;
    this.#follow = parts.follow;
    this.#url = parts.url;
    this.#remoteAddress = parts.remoteAddress;
    this.#observer = parts.observer;
    this.#events = new SocketEvents(this, parts);
    this.#connection = parts.connect(this.#events);
    this.isServer = this.#connection.isServer;
    this.#pump = this.#makePump();
    this.#outlet = this.#makeOutlet();
    parts.admission?.wait(this);
    if (parts.signal !== undefined) this.#obey(parts.signal);
  }

  get state(): SocketState {
    return STATES[this.#outlet.phase];
  }

  /** The URL that was opened; for a server, the one that was asked for, once it has been. */
  get url(): string {
    const request = this.isServer ? this.request : undefined;
    return request === undefined ? this.#url : this.#url + request.host + request.target;
  }

  /** The address of the peer, or an empty string where there is none. */
  get remoteAddress(): string {
    return this.#remoteAddress;
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

  /** How the connection ended, once it has. */
  get closeInfo(): CloseInfo | undefined {
    return this.#connection.closeInfo;
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
    const outlet = this.#outlet;
    if (typeof data === 'string') {
      if (outlet.phase !== Phase.OPEN) return false;
      outlet.sendText(data, options === undefined || options.compress !== false);
      this.#observer?.onMessage(this, data, true);
      return this.#sent(data);
    }
    const bytes = toBytes(data);
    if (outlet.phase !== Phase.OPEN) return false;
    outlet.sendBinary(bytes, options === undefined || options.compress !== false);
    this.#observer?.onMessage(this, bytes, true);
    return this.#sent(bytes);
  }

  /** Sends a message that was encoded once for many sockets. Returns as `send` does. */
  sendPrepared(message: PreparedMessage, options?: SendOptions): boolean {
    if (this.#outlet.phase !== Phase.OPEN) return false;
    this.#outlet.sendPrepared(message, options === undefined || options.compress !== false);
    this.#observer?.onMessage(this, message.payload, true);
    return this.#sent(message.payload);
  }

  /** Encodes a message for `sendPrepared` of this socket and any other. Throws a TypeError for what is no message. */
  prepare(message: string | BytesLike): PreparedMessage {
    return new PreparedMessage(message, this.#workspace);
  }

  /** For broadcasts, after a send that said to wait: calls back once, after `drain`, or after `close`. It must not throw. */
  onceWritable(callback: () => void): void {
    if (this.state === 'closed') callback();
    else (this.#events.onceWritable ??= []).push(callback);
  }

  /** Sends a fragment of a message (RFC 6455 §5.4); the first one's kind is the message's. Returns as `send` does. */
  sendFragment(data: string | BytesLike, fin: boolean, options?: SendOptions): boolean {
    const part = typeof data === 'string' ? data : toBytes(data);
    if (this.#outlet.phase !== Phase.OPEN) return false;
    this.#outlet.sendFragment(part, fin, options === undefined || options.compress !== false);
    return this.#sent(part);
  }

  /** Sends a ping with at most 125 bytes. Returns its id, which `pong` will name, or 0 when the connection isn't open. */
  ping(payload?: BytesLike): number {
    if (this.#connection.phase !== Phase.OPEN) return 0;
    const id = this.#connection.ping(payload, this.clock.now());
    this.#sent('');
    return id;
  }

  /** Sends an unsolicited pong with at most 125 bytes. */
  pong(payload?: BytesLike): void {
    if (this.#connection.phase !== Phase.OPEN) return;
    this.#connection.pong(payload);
    this.#sent('');
  }

  /**
   * Starts the closing handshake, once what was sent has gone before it, or gives up the opening one. Safe to repeat.
   * Throws a RangeError or TypeError for a code or a reason that may not be sent.
   */
  close(code = 1000, reason = ''): void {
    this.#outlet.close(code, reason, this.clock.now());
    this.#pump.schedule();
  }

  /** Ends the transport now. `close` is called before this returns, or right after the callback that called it. */
  terminate(error: WebSocketError = new ConnectionLostError('terminated')): void {
    this.#connection.terminate(this.clock.now(), error);
    this.#pump.flush();
  }

  /** Stops reading, between messages. Pings go on; no pong is waited for. */
  pause(): void {
    this.#connection.pause();
    this.#pump.schedule();
  }

  /** Reads on. Messages that were held back may come before this returns. */
  resume(): void {
    this.#connection.resume(this.clock.now());
    this.#pump.schedule();
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
   * @internal For its events: the connection has ended before it was open. Returns whether it goes on elsewhere, with another
   * connection, where the last one was redirected to.
   */
  goOn(): boolean {
    const { redirect } = this.#connection;
    if (redirect === undefined || this.#follow === undefined) return false;
    const hop = this.#follow(redirect);
    this.#url = hop.url;
    this.#connection = hop.connect(this.#events);
    this.#pump = this.#makePump();
    this.#outlet = this.#makeOutlet();
    hop.dial();
    return true;
  }

  /** @internal For drivers: the request that something else has parsed, in place of its bytes. */
  receiveHead(head: RequestHead): void {
    this.#pump.onHead(head);
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
    const pump = new Pump({
      connection: this.#connection,
      clock: this.clock,
      workspace: this.#workspace,
      owner: this.#events,
      highWater: this.sendHighWater,
    });
    this.#events.connection = this.#connection;
    this.#events.pump = pump;
    return pump;
  }

  #makeOutlet(): Outlet {
    const connection = this.#connection;
    if (!connection.deflatesLater(Number.MAX_SAFE_INTEGER)) return connection;
    const parts = { connection, pump: this.#pump, clock: this.clock, workspace: this.#workspace };
    const queue = new SendQueue(parts);
    this.#pump.backlog = queue;
    return queue;
  }

  #obey(signal: AbortSignal): void {
    const giveUp = () => {
      this.terminate(new HandshakeError('the opening handshake was aborted', { cause: signal.reason }));
    };
    if (signal.aborted) return this.clock.defer(giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    this.#events.onceOpened = () => signal.removeEventListener('abort', giveUp);
  }

  /** `data` is what was added. */
  #sent(data: string | Uint8Array): boolean {
    const goOn = this.#pump.sent();
    if (!goOn && this.#pump.bufferedAmount > this.#sendLimit && this.#waited(data) > this.#sendLimit) {
      this.terminate(new ConnectionLostError(`more than ${this.#sendLimit} bytes wait to be sent`));
    }
    return goOn;
  }

  /**
   * What was buffered before. It is this that is limited: one message may be larger than the limit by itself, as the
   * echo of the largest that is received is, by its head.
   */
  #waited(data: string | Uint8Array): number {
    const length = typeof data === 'string' ? this.#workspace.text.byteLength(data) : data.length;
    return this.#pump.bufferedAmount - length - MAX_HEAD;
  }
}

/** The most bytes of a frame's head (RFC 6455 §5.2). */
const MAX_HEAD = 14;
