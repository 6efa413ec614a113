import type { CloseInfo } from './closing/close-info.ts';
import { checkClose, NO_STATUS } from './closing/close-payload.ts';
import { type BytesLike, toBytes, NO_BYTES } from './data.ts';
import { InvalidStateError, type WebSocketError, terminated } from './errors.ts';
import { ClientHandshake, type ClientRequest } from './handshake/client.ts';
import { type AcceptOptions, ServerHandshake } from './handshake/server.ts';
import { ServerPolicy } from './handshake/server-policy.ts';
import type { Opening, Rejection, RequestHead } from './handshake/types.ts';
import { checkClient, checkEstablished, checkRequest, checkServer, HOW_MADE } from './options.ts';
import { handleTimeout } from './deadlines.ts';
import { Input } from './input.ts';
import { INSPECT, type Inspect, standingOf } from './inspect.ts';
import { Lifecycle } from './lifecycle.ts';
import { answer, beginOpen, giveUp, open, receiveFields, receiveHead, refuse, useHttp2 } from './opening.ts';
import type { SendQueue } from './send-queue.ts';
import { controlPayload, type Sender } from './sender.ts';
import type { ConnectionOptions, EstablishedOptions, ServerConnectionOptions } from './options.ts';
import { PreparedMessage } from './prepared.ts';
import { Bytes, Phase, STATE_NAMES, type StateName, type TransportAction } from './states.ts';
import { On, State } from './transitions.ts';

/**
 * A WebSocket connection, RFC 6455, as a pure and synchronous state machine: bytes and time go in; events, bytes to
 * write, an action for the transport and the next timeout come out. Times are milliseconds on one monotonic clock of the
 * caller's choosing. Its members, in the order in which a driver meets them:
 *
 * 1. **Made** by `server`, `client` or `established`, for one role or the other.
 * 2. **Told** what has happened: `receive`, `receiveEof`, `outputLost`, `transportLost`, `handleTimeout`, `handleDeflated`, and where something
 *    else reads HTTP, `receiveHead`, `receiveFields`, `useHttp2`. Events come of these, to the sink, and of `accept`, `resume`, `conclude`, `terminate`.
 * 3. **Told** what to do: to answer a request (`accept`, `reject`), to send (`sendText` … `pong`), to wait (`pause`, `stopReading`,
 *    `resume`, `streamNext`), to end (`close`, `conclude`, `terminate`).
 * 4. **Asked**, after every call of these: write `takeFields` (over HTTP/2 only) and `takeOutput`, then do what
 *    `transportAction` and `wantsInput` say, then see that `handleTimeout` is called at `nextTimeout`.
 * 5. **Read** at any time: `phase`, `opening`, `closeInfo` and others.
 */
export class Connection {
  readonly #life: Lifecycle;
  readonly #input: Input;

  /** Use `Connection.server`, `Connection.client` or `Connection.established`. */
  private constructor(life: Lifecycle) {
    if (!(life instanceof Lifecycle)) throw new TypeError(HOW_MADE);
    this.#life = life;
    this.#input = new Input(life);
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    return standingOf(this);
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Connection ${inspect(this.toJSON(), options)}`;
  }

  // 1. Made.

  /** The server's side of a new transport: it waits for an opening handshake (§4.2). */
  static server(given: ServerConnectionOptions): Connection {
    const options = checkServer(given);
    const life = new Lifecycle(true, State.AWAITING_REQUEST, options);
    const { sha1, text } = life.resources;
    const policy = options.policy ?? new ServerPolicy(options);
    life.server = new ServerHandshake({ extension: life.deflate, decodeAscii: text.decodeAscii, sha1 }, policy);
    return new Connection(life);
  }

  /**
   * The client's side of a new transport: its output is the opening handshake (§4.1).
   * Throws a SyntaxError for a URL, and a TypeError for a field, that may not be sent.
   */
  static client(request: ClientRequest, given: ConnectionOptions): Connection {
    const options = checkClient(given);
    const life = new Lifecycle(false, State.AWAITING_RESPONSE, options);
    const { random, sha1, text } = life.resources;
    const asked = options === given ? request : checkRequest(request);
    life.client = new ClientHandshake(asked, random, life.deflate, { decodeAscii: text.decodeAscii, sha1 });
    life.sender.raw(life.client.output);
    return new Connection(life);
  }

  /** A connection that something else has opened: it is OPEN from the start, and the sink's `onOpen` is not called. */
  static established(role: 'client' | 'server', given: EstablishedOptions): Connection {
    const options = checkEstablished(role, given);
    const life = new Lifecycle(role === 'server', State.OPEN, options);
    beginOpen(life, options);
    return new Connection(life);
  }

  // 2. Told what has happened.

  /**
   * Takes bytes from the peer. They are worked on in place and are garbage afterwards; nothing of them is kept. Never throws for what
   * the peer sent; throws what the sink threw, once all of them are dealt with, and a TypeError for what is no bytes.
   */
  receive(bytes: Uint8Array, now: number): void {
    const plain = toBytes(bytes, false);
    this.receiveFrom(plain, plain.length, now);
  }

  /** @internal The same for the first bytes of a buffer that a driver shows nobody: a check is a tenth of a message's work. */
  receiveFrom(buffer: Uint8Array, length: number, now: number): void {
    this.#life.enter(now);
    try {
      this.#input.receive(buffer, length);
    } finally {
      this.#life.leave();
    }
  }

  /**
   * The peer has ended its side of the transport. What was held back by a pause is delivered first.
   * A connection whose both sides have ended waits for nothing. With `isPatient` it does for what it has sent, a Close frame of
   * its own say, where the transport takes its time to send: call it again without once nothing waits any more.
   */
  receiveEof(now: number, isPatient = false): void {
    if (this.#life.phase !== Phase.CLOSED) this.#life.during(now, this.#input.takeEof, this.#input, isPatient);
  }

  /**
   * The transport is gone: reset, or failed to connect. `cause` is its error, if any; `isTemporary` is for a HandshakeError to
   * say: whether another attempt may do better. Output that waited is dropped.
   */
  transportLost(now: number, cause?: unknown, isTemporary = true): void {
    const life = this.#life.called();
    if (life.phase === Phase.CLOSED) return life.sender.release();
    life.during(now, this.#input.loseTransport, this.#input, cause, isTemporary);
  }

  /**
   * The transport takes no output any more (a write failed, say), but may still bring what came before that: go on with
   * `receive`, and with `receiveEof` or `transportLost` when that is over. What comes is delivered, and the peer's Close
   * frame is told if it is among it; a pause puts that off by a second at most, or by `closeTimeout`. All output is void from here on.
   */
  outputLost(now: number, cause?: unknown): void {
    const life = this.#life.called();
    if (life.phase === Phase.CLOSED) return life.sender.release();
    life.during(now, life.loseOutput, life, cause);
  }

  /**
   * Does what is due. Calls that come early do nothing. `isOutputWaiting` says that the transport has not sent all that it
   * was given: a client that has only the transport's end to wait for (RFC 6455 §7.1.1) waits longer for that.
   */
  handleTimeout(now: number, isOutputWaiting = false): void {
    const life = this.#life;
    if (life.wantsTurn && !life.timers.isLongPast(now)) life.during(now, this.#input.takeTurn, this.#input);
    else life.during(now, () => handleTimeout(life, isOutputWaiting));
  }

  /** Goes on with what waited for a message to be deflated off the thread, once the sink is told that it is (`onDeflated`). Early calls do nothing. */
  handleDeflated(now: number): void {
    const { sendQueue } = this.#life;
    if (sendQueue !== undefined) this.#life.during(now, sendQueue.goOn, sendQueue);
  }

  /** Server: the request, when something else has parsed its head. It is validated all the same. Throws a TypeError for what is no head. */
  receiveHead(head: RequestHead, now: number): void {
    const life = this.#life;
    life.check(On.receiveHead, 'no request is waited for');
    if (life.bytes === Bytes.HANDSHAKE) life.during(now, () => receiveHead(life, head));
  }

  /**
   * Over HTTP/2 (RFC 8441), the fields of the peer's HEADERS, `:`-fields included, names and values in turn: a server's request, a client's
   * response (those of a 1xx too). They are validated. `isEnd` tells whether END_STREAM stood on them, which is also told by `receiveEof`;
   * what comes in DATA goes to `receive`. Throws a TypeError for what is no list of fields.
   */
  receiveFields(fields: readonly string[], isEnd: boolean, now: number): void {
    const life = this.#life;
    life.check(On.receiveFields, 'no fields are waited for');
    if (life.bytes === Bytes.HANDSHAKE) life.during(now, () => receiveFields(life, fields, isEnd));
  }

  /**
   * Client: the transport is a stream of HTTP/2, on a connection whose server has said SETTINGS_ENABLE_CONNECT_PROTOCOL
   * (RFC 8441 §3). The request goes out as `takeFields`, not as bytes: what `takeOutput` had of it is void.
   */
  useHttp2(): void {
    this.#life.check(On.useHttp2, 'there is no request to send');
    if (this.#life.phase !== Phase.CLOSED) useHttp2(this.#life);
  }

  // 3. Told what to do: to answer a request.

  /** Server: answers the request with a 101 (a 200 over HTTP/2) and is open. Throws a TypeError for fields that may not be sent. */
  accept(acceptance?: AcceptOptions, now: number = this.#life.now): void {
    const life = this.#life;
    life.check(On.accept, 'no request to answer', now);
    const opening = answer(life, acceptance);
    if (life.isInside) return open(life, On.accept, opening);
    life.during(now, () => {
      open(life, On.accept, opening);
      this.#input.goOn();
    });
  }

  /**
   * Server: answers the request with another response, and the one that is still to come too (over HTTP/1.1). `cause` becomes
   * that of the error that tells of the end. Throws a TypeError or RangeError for a response that may not be sent.
   */
  reject(rejection: Rejection, now: number = this.#life.now, cause?: unknown): void {
    this.#life.check(On.reject, 'no request to answer', now);
    refuse(this.#life, On.reject, rejection, cause);
  }

  // To send.

  /**
   * Sends a TEXT message: a string, whose lone surrogates go out as U+FFFD, or bytes, for which a TypeError is thrown when
   * they are not UTF-8. Bytes go as those of `sendBinary` do.
   */
  sendText(text: string | BytesLike, compress = true): void {
    this.#outlet().text(text, compress);
  }

  /**
   * Sends a BINARY message. Over 4 KiB and unmasked, the bytes go by reference: leave them alone until they are written. With
   * `asyncAbove` those over 1 KiB may, masked too.
   */
  sendBinary(bytes: BytesLike, compress = true): void {
    this.#outlet().binary(bytes, compress);
  }

  /** Sends a message that was encoded once for many connections. */
  sendPrepared(message: PreparedMessage, compress = true): void {
    this.#outlet().prepared(message, compress);
  }

  /**
   * Sends a fragment (§5.4); the first one's kind is the message's. Nothing but control frames may go between. With
   * `asText` bytes are a part of a TEXT message, cut anywhere: that all of them together are UTF-8 is the caller's to see.
   */
  sendFragment(data: string | BytesLike, fin: boolean, compress = true, asText = false): void {
    this.#outlet().fragment(data, fin, compress, asText);
  }

  /** Sends a ping with at most 125 bytes, its own id if none are given. Returns that id, which `onPong` names. */
  ping(payload?: BytesLike, now: number = this.#life.now): number {
    return this.#whileOpen().ping(payload, now);
  }

  /** Sends an unsolicited pong with at most 125 bytes (§5.5.3). */
  pong(payload: BytesLike = NO_BYTES): void {
    this.#whileOpen().sender.pong(controlPayload(payload));
  }

  // To wait.

  /** Delivers no further message, and wants no input, until `resume`. Pings go on; no pong is waited for. */
  pause(): void {
    this.#life.called().changeFlow('pause');
  }

  /** Wants no input until `resume`, as after `pause`, and still delivers what it has been given. */
  stopReading(): void {
    this.#life.called().changeFlow('stopReading');
  }

  /** Delivers what was held back, and goes on. */
  resume(now: number = this.#life.now): void {
    const life = this.#life.called(now);
    life.changeFlow('resume');
    if (!life.isInside) life.during(now, this.#input.goOn, this.#input);
  }

  /** The message in progress, or the next to begin, comes in pieces (`onMessageStart`), whatever its size. */
  streamNext(): void {
    this.#life.called();
    this.#input.streamNext();
  }

  // To end.

  /**
   * Starts the closing handshake (§7.1.2), or gives up the opening one, which a server answers with 503. Safe to repeat.
   * Throws a RangeError or TypeError for a code or reason that may not be sent; 1005 sends a Close frame without a body. Say `now`
   * where this is neither in a sink's method nor right after another call: `closeTimeout` counts from it.
   */
  close(code = 1000, reason = '', now: number = this.#life.now): void {
    const life = this.#life.called(now);
    if (code !== NO_STATUS || reason !== '') checkClose(code, reason, life.resources.text);
    if (life.phase === Phase.CONNECTING) {
      giveUp(life);
      if (!life.isInside) life.leave();
    } else if (life.next(On.close) !== life.state) {
      life.close(code, reason);
    }
  }

  /** Does what the sink has put off with `onEnding`. Without effect when there is nothing. */
  conclude(now: number = this.#life.now): void {
    this.#life.during(now, this.#life.concludeInTurn, this.#life);
  }

  /** Ends the transport now, without a closing handshake. `error` says why; one that is no WebSocketError is the cause of one. */
  terminate(now: number = this.#life.now, error?: WebSocketError): void {
    const life = this.#life.called(now);
    life.terminate(terminated(error));
    if (!life.isInside) life.leave();
  }

  // 4. Asked after every call.

  /** Over HTTP/2, the fields to send as HEADERS, before any output: a request or a response. Undefined when there are none. */
  takeFields(): readonly string[] | undefined {
    return this.#life.called().sender.takeFields();
  }

  /** Everything there is to write, in order. The chunks are the caller's, but for payloads sent by reference. */
  takeOutput(): readonly Uint8Array[] {
    return this.#life.called().sender.take();
  }

  /** What the transport is to do once the output is written: KEEP, END its sending side, or ABORT. */
  get transportAction(): TransportAction {
    return this.#life.action;
  }

  /** Whether the transport should read on: false while paused or stopped, or while it waits for a turn. */
  get wantsInput(): boolean {
    return this.#life.isReading || this.#life.bytes === Bytes.NOTHING;
  }

  /**
   * Whether it has done as much as one connection may in a turn (`turnBudget`), and waits for the next to go on with what
   * has come: `handleTimeout` is due at once then, and others should come before it.
   */
  get wantsTurn(): boolean {
    return this.#life.wantsTurn;
  }

  /** When `handleTimeout` is due; `Infinity` for never. It moves with every call. */
  nextTimeout(): number {
    return this.#life.wantsTurn ? this.#life.now : this.#life.timers.due;
  }

  // 5. Read at any time.
  /** Whether this is the server's side. */
  get isServer(): boolean {
    return this.#life.isServer;
  }

  /** CONNECTING, OPEN, CLOSING (a Close frame was sent, or both were, or the connection failed) or CLOSED. */
  get phase(): Phase {
    return this.#life.phase;
  }

  /** The state by its name, finer than `phase` (docs/design/states.svg): for debugging and tests. */
  get state(): StateName {
    return STATE_NAMES[this.#life.state];
  }

  /** What the opening handshake came to; undefined before. */
  get opening(): Opening | undefined {
    return this.#life.opening;
  }

  /** Client: the request to make instead, on a new connection, where this one has ended with a redirect to follow (§4.1). */
  get redirect(): ClientRequest | undefined {
    return this.#life.client?.redirect;
  }

  /** How it ended; undefined before. */
  get closeInfo(): CloseInfo | undefined {
    return this.#life.closeInfo;
  }

  /** Bytes of output that wait to be taken. */
  get outputSize(): number {
    return this.#life.sender.size;
  }

  /** Bytes that were sent and not taken: the output, and what waits for a message to be deflated, with 128 more for each. */
  get bufferedAmount(): number {
    return this.#life.sender.size + (this.#life.sendQueue?.size ?? 0);
  }

  /** @internal Calls back, once, when all that was sent is output, unless the end comes before. */
  whenSent(callback: () => void): void {
    this.#life.called().whenSent(callback);
  }

  /** The newest round trip of a ping, in milliseconds; NaN before the first. */
  get latency(): number {
    return this.#life.latency;
  }

  /** What messages are sent through. */
  #outlet(): Sender | SendQueue {
    const { sendQueue, sender } = this.#whileOpen();
    return sendQueue ?? sender;
  }

  #whileOpen(): Lifecycle {
    if (this.#life.called().phase !== Phase.OPEN) throw new InvalidStateError('the connection is not open');
    return this.#life;
  }
}
