import type { CloseInfo } from './closing/close-info.ts';
import { checkClose, NO_STATUS } from './closing/close-payload.ts';
import { type BytesLike, toBytes } from './data.ts';
import { ConnectionLostError, InvalidStateError, type WebSocketError } from './errors.ts';
import { MAX_CONTROL_PAYLOAD } from './framing/opcodes.ts';
import { ClientHandshake, type ClientRequest } from './handshake/client.ts';
import { type AcceptOptions, ServerHandshake } from './handshake/server.ts';
import { ServerPolicy } from './handshake/server-policy.ts';
import type { Opening, Rejection, RequestHead } from './handshake/types.ts';
import { Machine } from './machine.ts';
import { giveUp } from './opening-phase.ts';
import type { ConnectionOptions, EstablishedOptions, ServerConnectionOptions } from './options.ts';
import { Phase, type TransportAction } from './phase.ts';
import type { PreparedMessage } from './prepared.ts';

/**
 * A WebSocket connection, RFC 6455, as a pure and synchronous state machine: bytes and time go in; events, bytes to
 * write, an action for the transport and the next timeout come out.
 *
 * After every call: write `takeOutput()`, then do what `transportAction` says, and see that `handleTimeout` is called
 * at `nextTimeout()`. Times are milliseconds on one monotonic clock of the caller's choosing.
 */
export class Connection {
  readonly #machine: Machine;

  /** Use `Connection.server`, `Connection.client` or `Connection.established`. */
  private constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The server's side of a new transport: it waits for an opening handshake (§4.2). */
  static server(options: ServerConnectionOptions): Connection {
    const machine = new Machine(true, options);
    const { decodeAscii } = machine.workspace.text;
    const policy = options.policy ?? new ServerPolicy(options);
    machine.server = new ServerHandshake({ extension: machine.deflate, decodeAscii }, policy);
    return new Connection(machine);
  }

  /**
   * The client's side of a new transport: its output is the opening handshake (§4.1).
   * Throws a SyntaxError for a URL, and a TypeError for a field, that may not be sent.
   */
  static client(request: ClientRequest, options: ConnectionOptions): Connection {
    const machine = new Machine(false, options);
    const { random, text } = machine.workspace;
    machine.client = new ClientHandshake(request, random, machine.deflate, text.decodeAscii);
    machine.sender.raw(machine.client.output);
    return new Connection(machine);
  }

  /**
   * A connection that something else has opened (over HTTP/2, RFC 8441, say): it is OPEN from the start, and the sink's
   * `onOpen` is not called.
   */
  static established(role: 'client' | 'server', options: EstablishedOptions): Connection {
    const machine = new Machine(role === 'server', options);
    machine.deflate = options.deflate;
    const { subprotocol = '', extensions = '', request, response } = options;
    machine.establish({ subprotocol, extensions, request, response });
    return new Connection(machine);
  }

  get isServer(): boolean {
    return this.#machine.isServer;
  }

  /** CONNECTING, OPEN, CLOSING (a Close frame was sent or received, or the connection failed) or CLOSED. */
  get phase(): Phase {
    return this.#machine.phase;
  }

  /** What the opening handshake came to; undefined before. */
  get opening(): Opening | undefined {
    return this.#machine.opening;
  }

  /**
   * Client: the request to make instead, on a new transport and a new connection, once this one has ended with a redirect
   * that `maxRedirects` lets it follow. RFC 6455 §4.1
   */
  get redirect(): ClientRequest | undefined {
    return this.#machine.client?.redirect;
  }

  /** How it ended; undefined before. */
  get closeInfo(): CloseInfo | undefined {
    return this.#machine.info;
  }

  /** What the transport is to do once the output is written: KEEP, END its sending side, or ABORT. */
  get transportAction(): TransportAction {
    return this.#machine.action;
  }

  /** Whether the transport should read on: false while paused. */
  get wantsInput(): boolean {
    return this.#machine.wantsInput;
  }

  /** Bytes of output that wait to be taken. */
  get bufferedAmount(): number {
    return this.#machine.sender.size;
  }

  /** The newest round trip of a ping, in milliseconds; NaN before the first. */
  get latency(): number {
    return this.#machine.latency;
  }

  /** When `handleTimeout` is due; `Infinity` for never. It moves with every call. */
  nextTimeout(): number {
    return this.#machine.timers.due;
  }

  /** Everything there is to write, in order. The chunks are the caller's, but for payloads sent by reference. */
  takeOutput(): readonly Uint8Array[] {
    return this.#machine.sender.take();
  }

  /**
   * Takes bytes from the peer. They are worked on in place and are garbage afterwards; nothing of them is kept.
   * Never throws for what the peer sent; throws what the sink threw, once all of them are dealt with.
   */
  receive(bytes: Uint8Array, now: number): void {
    const machine = this.#machine;
    machine.enter(now);
    machine.receive(bytes);
    machine.settle();
  }

  /** The peer has ended its side of the transport. What was held back by a pause is delivered first. */
  receiveEof(now: number): void {
    const machine = this.#machine;
    if (machine.phase === Phase.CLOSED) return;
    machine.enter(now);
    machine.takeRest();
    machine.takeEof();
    machine.settle();
  }

  /**
   * The transport is gone: reset, or failed to connect. `cause` is its error, if it has one. Output that waited is dropped.
   */
  transportLost(now: number, cause?: unknown): void {
    const machine = this.#machine;
    if (machine.phase === Phase.CLOSED) return machine.sender.release();
    machine.enter(now);
    machine.takeRest();
    machine.takeLoss(cause);
    machine.sender.release();
    machine.settle();
  }

  /** Does what is due. Calls that come early do nothing. */
  handleTimeout(now: number): void {
    const machine = this.#machine;
    machine.enter(now);
    machine.takeTime();
    machine.settle();
  }

  /**
   * Server: the request, when something else has parsed its head. It is validated all the same.
   * Throws a TypeError for what is no head at all.
   */
  receiveHead(head: RequestHead, now: number): void {
    const machine = this.#machine;
    if (!machine.isHeadDue) throw new InvalidStateError('no request is waited for');
    machine.enter(now);
    try {
      machine.receiveHead(head);
    } finally {
      machine.settle();
    }
  }

  /**
   * Over HTTP/2 (RFC 8441), the fields of the peer's HEADERS, `:`-fields included, names and values in turn: a server's
   * request, a client's response (those of a 1xx too). They are validated. `isEnd` tells whether END_STREAM stood on
   * them, which is also told by `receiveEof`; what comes in DATA goes to `receive`.
   * Throws a TypeError for what is no list of fields.
   */
  receiveFields(fields: readonly string[], isEnd: boolean, now: number): void {
    const machine = this.#machine;
    const isDue = machine.isServer ? machine.isHeadDue : machine.client?.isHttp2;
    if (isDue !== true) throw new InvalidStateError('no fields are waited for');
    machine.enter(now);
    try {
      machine.receiveFields(fields, isEnd);
    } finally {
      machine.settle();
    }
  }

  /**
   * Client: the transport is a stream of HTTP/2, on a connection whose server has said SETTINGS_ENABLE_CONNECT_PROTOCOL
   * (RFC 8441 §3). The request goes out as `takeFields`, not as bytes: what `takeOutput` had of it is void.
   */
  useHttp2(): void {
    const { client } = this.#machine;
    if (client === undefined) throw new InvalidStateError('there is no request to send');
    const { sender } = this.#machine;
    sender.release();
    sender.raw(NOTHING, client.useHttp2());
  }

  /**
   * Over HTTP/2, the fields to send as HEADERS, before any output: a client's request, a server's response. Undefined
   * when there are none (any more).
   */
  takeFields(): readonly string[] | undefined {
    return this.#machine.sender.takeFields();
  }

  /** Server: answers the request with a 101 (a 200 over HTTP/2) and is open. Throws a TypeError for fields that may not be sent. */
  accept(acceptance: AcceptOptions = {}, now: number = this.#machine.now): void {
    const machine = this.#machine;
    const opening = machine.accept(acceptance);
    if (machine.busy) return machine.open(opening);
    machine.enter(now);
    machine.open(opening);
    machine.takeHeld();
    machine.settle();
  }

  /** Server: answers the request with another response. Throws a TypeError or RangeError for one that may not be sent. */
  reject(rejection: Rejection, now: number = this.#machine.now): void {
    const machine = this.#machine;
    machine.now = now;
    machine.refuse(rejection);
  }

  /** Sends a TEXT message. A lone surrogate goes out as U+FFFD. */
  sendText(text: string, compress = true): void {
    this.#openMachine().sender.text(text, compress);
  }

  /** Sends a BINARY message. Over 4 KiB and unmasked, the bytes go by reference: leave them alone until they are written. */
  sendBinary(bytes: BytesLike, compress = true): void {
    this.#openMachine().sender.binary(bytes, compress);
  }

  /** Whether messages of this many bytes are to be deflated off the thread, where compression is agreed on: `asyncAbove`. */
  deflatesLater(byteLength: number): boolean {
    return this.#machine.deflate?.shouldCompressLater(byteLength) === true;
  }

  /**
   * Deflates a message off the thread, so that `sendPrepared` need not: in a context of its own, for this connection and
   * all that compress alike. `done` is called later, once, from outside of any call; the message's bytes must not change
   * until then. (If that failed, `sendPrepared` deflates as ever.) Returns false when there is nothing to wait for.
   *
   * The connection itself has no part in it: it is for the caller to keep the messages in order meanwhile.
   */
  deflateLater(message: PreparedMessage, done: () => void): boolean {
    const { deflate } = this.#openMachine();
    return deflate !== undefined && message.deflateLater(deflate, done);
  }

  /** Sends a message that was encoded once for many connections. */
  sendPrepared(message: PreparedMessage, compress = true): void {
    this.#openMachine().sender.prepared(message, compress);
  }

  /** Sends a fragment (§5.4); the first one's kind is the message's. Nothing but control frames may go between. */
  sendFragment(data: string | BytesLike, fin: boolean, compress = true): void {
    this.#openMachine().sender.fragment(data, fin, compress);
  }

  /** Sends a ping with at most 125 bytes, its own id if none are given. Returns that id, which `onPong` names. */
  ping(payload?: BytesLike, now: number = this.#machine.now): number {
    const machine = this.#openMachine();
    const bytes = payload === undefined ? undefined : controlPayload(payload);
    return machine.ping(bytes, now);
  }

  /** Sends an unsolicited pong with at most 125 bytes (§5.5.3). */
  pong(payload: BytesLike = NOTHING): void {
    this.#openMachine().sender.pong(controlPayload(payload));
  }

  /**
   * Starts the closing handshake (§7.1.2), or gives up the opening one, which a server answers with 503. Without effect
   * once that has happened.
   * Throws a RangeError or TypeError for a code or reason that may not be sent; 1005 sends a Close frame without a body.
   */
  close(code = 1000, reason = '', now: number = this.#machine.now): void {
    const machine = this.#machine;
    this.checkClose(code, reason);
    machine.now = now;
    if (machine.phase === Phase.CONNECTING) {
      giveUp(machine);
      if (!machine.busy) machine.settle();
    } else if (machine.phase === Phase.OPEN) {
      machine.sendClose(code, reason);
    }
  }

  /** Throws what `close` would throw. */
  checkClose(code: number, reason: string): void {
    if (code !== NO_STATUS || reason !== '') checkClose(code, reason, this.#machine.workspace.text);
  }

  /** Ends the transport now, without a closing handshake. `error` says why. */
  terminate(now: number = this.#machine.now, error: WebSocketError = new ConnectionLostError('terminated')): void {
    const machine = this.#machine;
    machine.now = now;
    machine.sender.release();
    machine.lose(error);
    if (!machine.busy) machine.settle();
  }

  /** Delivers no further message, and wants no input, until `resume`. Pings go on; no pong is waited for. */
  pause(): void {
    this.#machine.pause(true);
  }

  /** Delivers what was held back, and goes on. */
  resume(now: number = this.#machine.now): void {
    const machine = this.#machine;
    if (machine.busy) return machine.pause(false);
    machine.enter(now);
    machine.pause(false);
    machine.takeHeld();
    machine.settle();
  }

  /** Does what the sink has put off with `onEnding`. Without effect when there is nothing. */
  conclude(now: number = this.#machine.now): void {
    const machine = this.#machine;
    machine.enter(now);
    machine.receiver?.conclude();
    machine.takeHeld();
    machine.settle();
  }

  /** The message in progress, or the next to begin, comes in pieces (`onMessageStart`), whatever its size. */
  streamNext(): void {
    this.#machine.streamNext();
  }

  #openMachine(): Machine {
    if (this.#machine.phase !== Phase.OPEN) throw new InvalidStateError('the connection is not open');
    return this.#machine;
  }
}

const NOTHING = new Uint8Array(0);

function controlPayload(data: BytesLike): Uint8Array {
  const bytes = toBytes(data);
  if (bytes.length > MAX_CONTROL_PAYLOAD) throw new RangeError('a control frame has at most 125 bytes');
  return bytes;
}
