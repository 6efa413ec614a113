import type { BytesLike, CloseInfo, PreparedMessage, ResponseHead, UpgradeRequest } from '../../protocol/index.ts';
import { toPayload, type Data, type Fragments, type ReceivedMessage } from './data.ts';
import { expectBytes, expectJson, expectText } from './expecting.ts';
import type { TimedWaitOptions } from './wait-limit.ts';
import type { Inbox } from './inbox.ts';
import type { MessageStream } from './message-stream.ts';
import type { SendOptions } from './outbound.ts';
import { nameOf } from '../../protocol/internal.ts';
import { INSPECT, type Inspect, summaryOf } from '../socket/inspect.ts';
import type { SocketState } from '../socket/handlers.ts';
import type { Socket } from '../socket/socket.ts';
import type { Pings } from './pings.ts';

/** What stands behind a WebSocket: its API, over one socket. */
export interface SessionOfSocket {
  readonly socket: Socket<any>;
  readonly inbox: Inbox;
  readonly pings: Pings;
  readonly closed: Promise<CloseInfo>;
  readonly webSocket: WebSocket<any>;
  readonly queuedBytes: number;
  send(message: Data | Fragments, options?: SendOptions): Promise<void>;
  sendPrepared(message: PreparedMessage, options?: { compress?: boolean }): Promise<void>;
  trySend(message: Data, options?: { compress?: boolean }): boolean;
  close(code: number, reason: string): void;
}

let create: (session: SessionOfSocket) => WebSocket<any>;
let reveal: (webSocket: WebSocket) => SessionOfSocket;

/** The WebSocket in front of a session. Its constructor is nobody else's to call. */
export function webSocketOf(session: SessionOfSocket): WebSocket<any> {
  return create(session);
}

/** The session behind it. Throws a TypeError for what is no WebSocket of this package. */
export function sessionOf(webSocket: WebSocket): SessionOfSocket {
  return reveal(webSocket);
}

/** Where somebody's WebSocket comes from that is not one of ours, if that can be guessed. */
export function hintAt(value: unknown): string {
  if (Array.isArray(value)) return ', not an array: a Map of them has them in its values()';
  const name = (value as object | null | undefined)?.constructor?.name;
  return name === 'WebSocket' ? ': this one is of another library, or of a second copy of sansocket' : '';
}

/**
 * A WebSocket connection (RFC 6455), open when you get it: `open` makes a client's, `listen` and `upgrade` a server's.
 *
 * What a peer or the network does wrong never throws by itself: it rejects what was waiting for it, with one
 * `WebSocketError`, and `closed` tells the whole story. Such a rejection does no harm when nobody awaits it.
 */
export class WebSocket<Context = unknown> {
  readonly #session: SessionOfSocket;

  static {
    create = (session) => new WebSocket(session);
    reveal = (webSocket) => {
      const isOwn = webSocket instanceof Object && #session in webSocket;
      if (!isOwn) throw new TypeError(`expected a WebSocket of this package${hintAt(webSocket)}`);
      return webSocket.#session;
    };
  }

  private constructor(session: SessionOfSocket) {
    if (!(session instanceof Object && 'inbox' in session)) {
      throw new TypeError(
        "this class has no `new`: use `await open(url)`; the browser's WebSocket is in sansocket/web",
      );
    }
    this.#session = session;
  }

  /**
   * The next whole message: a string for TEXT, bytes for BINARY, which are yours to keep.
   *
   * Several calls at once are served in their order. Every message that came before the connection's end is delivered
   * first; then it rejects with the `WebSocketError` that tells of the end, whose `isOk` is true for the codes 1000, 1001
   * and 1005.
   *
   * `signal` and `timeout` give up waiting, with the signal's reason or a `WaitTimeoutError`: no message is lost by it, and the
   * connection goes on (`state` is still `'open'`). Don't race the promise against another one instead: the message that
   * comes afterwards would go to nobody.
   */
  receive(options?: TimedWaitOptions): Promise<ReceivedMessage> {
    return this.#session.inbox.receive(options);
  }

  /**
   * The next message, which is to be TEXT. Rejects as `receive` does, and with a `WebSocketError` of code 1003 for bytes,
   * which are consumed: a handler that lets it pass closes with that code.
   */
  async receiveText(options?: TimedWaitOptions): Promise<string> {
    return expectText(await this.#session.inbox.receive(options));
  }

  /** The next message, which is to be BINARY. Rejects as `receiveText` does. */
  async receiveBytes(options?: TimedWaitOptions): Promise<Uint8Array> {
    return expectBytes(await this.#session.inbox.receive(options));
  }

  /**
   * The next message, which is to be JSON: what `validate` returns for its value, or the value itself. Rejects as
   * `receiveText` does; with code 1007 for what is no JSON, and with 1008 when `validate` throws (its error is the `cause`).
   */
  async receiveJson<T = unknown>(validate?: (value: unknown) => T, options?: TimedWaitOptions): Promise<T> {
    if (validate !== undefined && typeof validate !== 'function') {
      throw new TypeError(
        `receiveJson: validate must be a function, not ${nameOf(validate)}: the options come after it`,
      );
    }
    return expectJson(await this.#session.inbox.receive(options), validate);
  }

  /**
   * Iterates over the messages until the connection ends: silently after a normal close (1000, 1001, 1005), with the
   * `WebSocketError` thrown after any other end, and after all messages that came before it in either case.
   *
   * Leaving the loop (`break`, `return`, a throw) leaves the connection open: go on receiving, or close it. A second loop while
   * one is under way is an InvalidStateError: each would get some of the messages.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReceivedMessage> {
    this.#session.inbox.beginLoop();
    return new MessageIterator(this.#session.inbox);
  }

  /**
   * The next message in chunks as they arrive, for messages too large to hold. It stands in line with the `receive` calls
   * around it, and must be read to its end or left.
   */
  receiveStream(): MessageStream {
    return this.#session.inbox.stream();
  }

  /**
   * Sends a message: a string as TEXT; an ArrayBuffer or any view of one as BINARY, exactly the bytes that it shows.
   * Bytes are not copied: leave them alone until the promise resolves.
   *
   * An iterable or async iterable of strings or of bytes goes out as one fragmented message, a fragment an element, each
   * as it comes; an empty one makes an empty TEXT message. Other messages wait until it is whole: fragments never
   * interleave. When its source throws, mixes strings with bytes, or is given up by `signal`, it rejects with that; if a
   * part of the message has been sent by then, the message cannot be completed and the connection is closed with 1011.
   *
   * Resolves when the transport takes more, which is how a slow peer slows the sender down; that the peer has received
   * the message only the peer can tell. Rejects with a TypeError for what is not a message, before anything is written,
   * and with the `WebSocketError` of the connection's end when that comes first or has come.
   *
   * `signal` gives up waiting, with its reason: a message that has not begun is then not sent.
   */
  send(message: Data | Fragments, options?: SendOptions): Promise<void> {
    return this.#session.send(message, options);
  }

  /**
   * Sends a string or bytes if that takes no waiting. Returns whether it did: the message is written, or queued with less
   * than `sendHighWater` bytes before it. When it returns false the message was dropped: too much is waiting, or the
   * connection is not open. Throws a TypeError for what is not a message, and nothing else.
   */
  trySend(message: Data, options?: { compress?: boolean }): boolean {
    return this.#session.trySend(message, options);
  }

  /**
   * Sends a ping with at most 125 bytes of data; a string goes out as UTF-8 (RFC 6455 §5.5.2). Resolves at its pong, to
   * the round trip in milliseconds. Rejects with the `WebSocketError` when the connection ends before that.
   *
   * A pong comes behind the messages that were sent before it: who awaits one receives meanwhile, or waits for long.
   *
   * Connections are kept alive without this: see `pingInterval`.
   */
  ping(data?: string | BytesLike): Promise<number> {
    return this.#session.pings.ping(data);
  }

  /**
   * Sends an unsolicited pong, a one-way heartbeat (RFC 6455 §5.5.3), with at most 125 bytes of data. Pings are answered
   * without this. Does nothing when the connection is not open.
   */
  pong(data?: string | BytesLike): void {
    this.#session.socket.pong(data === undefined ? undefined : toPayload(data));
  }

  /**
   * Starts the closing handshake (RFC 6455 §7.1.2), after everything that `send` was given. Resolves, as `closed` does,
   * when it is over; `closeTimeout` bounds that. Safe to repeat: the first code and reason count.
   *
   * Messages that still come until the peer's Close are received as ever. Where nobody receives, or nothing is received
   * from a full queue for a second, those that the queue doesn't take are dropped, and `dropped` says how many. A
   * fragmented message under way is broken off.
   *
   * Rejects with a TypeError or RangeError for a code that may not be sent (RFC 6455 §7.4) or a reason of more than 123
   * bytes of UTF-8, and nothing has happened then.
   */
  close(code = 1000, reason = ''): Promise<CloseInfo> {
    try {
      this.#session.close(code, reason);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#session.closed;
  }

  /** Ends the transport now, without a closing handshake: what was sent and has not left is lost. For a peer that deserves no better. */
  terminate(): void {
    this.#session.socket.terminate();
  }

  /** Resolves when the connection is over, transport and all, to how it ended. Never rejects. */
  get closed(): Promise<CloseInfo> {
    return this.#session.closed;
  }

  /** `'open'`; `'closing'` once a Close frame was sent or received; `'closed'` when the transport has ended too. */
  get state(): 'open' | 'closing' | 'closed' {
    // There is no WebSocket before its connection is open.
    return this.#session.socket.state as Exclude<SocketState, 'connecting'>;
  }

  /** The URL that was opened, or that the request asked for. */
  get url(): string {
    return this.#session.socket.url;
  }

  /** The subprotocol that was agreed on, or an empty string. */
  get protocol(): string {
    return this.#session.socket.protocol;
  }

  /** The extensions that were agreed on, as in the Sec-WebSocket-Extensions field, or an empty string. */
  get extensions(): string {
    return this.#session.socket.extensions;
  }

  /** The request of the opening handshake, received by a server and sent by a client; undefined if there was none. */
  get request(): UpgradeRequest | undefined {
    return this.#session.socket.request;
  }

  /** The response of the opening handshake, sent by a server and received by a client; undefined if there was none. */
  get response(): ResponseHead | undefined {
    return this.#session.socket.response;
  }

  /** The peer's network address, or an empty string. */
  get remoteAddress(): string {
    return this.#session.socket.remoteAddress;
  }

  /** The bytes that were sent and have not left this process, those that wait for their turn included. */
  get bufferedAmount(): number {
    return this.#session.socket.bufferedAmount + this.#session.queuedBytes;
  }

  /** The newest round trip of a ping, keepalive's included, in milliseconds; NaN before the first. */
  get latency(): number {
    return this.#session.socket.latency;
  }

  /** What the server's `authorize` said about this connection. */
  get context(): Context {
    return this.#session.socket.context as Context;
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    return summaryOf(this);
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `WebSocket ${inspect(this.toJSON(), options)}`;
  }

  /** Closes with 1000 and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Written out by hand: an async generator would cost more than the message does. */
class MessageIterator implements AsyncIterableIterator<ReceivedMessage> {
  readonly #inbox: Inbox;
  #left: boolean;

  constructor(inbox: Inbox) {
    this.#inbox = inbox;
    this.#left = false;
  }

  next(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    return this.#left ? Promise.resolve({ value: undefined, done: true }) : this.#inbox.next();
  }

  return(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    if (!this.#left) this.#inbox.endLoop();
    this.#left = true;
    this.#inbox.leave();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
