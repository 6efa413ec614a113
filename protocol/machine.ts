import type { CloseInfo } from './closing/close-info.ts';
import { ClosingHandshake } from './closing/closing.ts';
import { HandshakeError, InvalidStateError, ProtocolError, TimeoutError, WebSocketError } from './errors.ts';
import type { FrameTrace } from './framing/trace.ts';
import { GuardedSink } from './guarded-sink.ts';
import type { ClientHandshake } from './handshake/client.ts';
import { EARLY_FRAMES } from './handshake/rejection.ts';
import type { AcceptOptions, ServerHandshake } from './handshake/server.ts';
import type { Opening, Rejection, RequestHead } from './handshake/types.ts';
import { HeldBytes, MOST_DISCARDED, MOST_LATE, MOST_UNDECIDED } from './held-bytes.ts';
import { type Limits, resolveLimits } from './limits.ts';
import { type ConnectionOptions, makeDeflate } from './options.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import { DISCARD, FRAMES, HEAD, Phase, TransportAction, UNDECIDED } from './phase.ts';
import { lossOf, openingTimedOut, stepClient, stepServer } from './opening-phase.ts';
import { pingPayload, PingLedger } from './pings.ts';
import type { Receiver, Receiving } from './receiver.ts';
import { Sender } from './sender.ts';
import { CLOSING, OPENING, PING, PONG, Timers } from './timers.ts';
import { Workspace } from './workspace.ts';

/**
 * What stands behind a `Connection`: where it is between CONNECTING and CLOSED, and what leads from one to the next.
 * Every way there passes through `open`, `refuse`, `conclude` or `finish`, and every end through `finish`, once.
 * What the opening handshake has of it is in opening-phase.ts.
 */
export class Machine implements Receiving {
  readonly isServer: boolean;
  readonly limits: Limits;
  readonly sink: GuardedSink;
  readonly workspace: Workspace;
  readonly sender: Sender;
  readonly timers: Timers;
  readonly trace: FrameTrace | undefined;
  deflate: PermessageDeflate | undefined;
  /** The opening handshake while it lasts, on the side that this is. */
  server: ServerHandshake | undefined;
  client: ClientHandshake | undefined;
  /** What decodes, while something is under way: between messages it is the workspace's. */
  receiver: Receiver | undefined;
  opening: Opening | undefined;
  info: CloseInfo | undefined;
  phase: Phase;
  input: number;
  action: TransportAction;
  paused: boolean;
  /** Whether a call is under way that delivers events. */
  busy: boolean;
  now: number;
  /** Whether the transport brings nothing more, so that nothing is held back either. */
  isInputOver: boolean;
  latency: number;
  /** Bytes that came too early: before the decision, or while paused. */
  #held: HeldBytes | undefined;
  #closing: ClosingHandshake | undefined;
  #pings: PingLedger | undefined;
  #discarded: number;

  constructor(isServer: boolean, options: ConnectionOptions) {
    if (typeof options.now !== 'number') throw new TypeError('now must be a number of milliseconds');
    this.isServer = isServer;
    this.limits = resolveLimits(options);
    this.sink = new GuardedSink(options.sink);
    this.workspace = options.workspace ?? new Workspace();
    this.trace = options.trace;
    this.sender = new Sender(this.workspace, !isServer, options.trace);
    this.timers = new Timers(this.limits, options.now);
    this.deflate = makeDeflate(isServer, options);
    this.server = undefined;
    this.client = undefined;
    this.receiver = undefined;
    this.opening = undefined;
    this.info = undefined;
    this.phase = Phase.CONNECTING;
    this.input = HEAD;
    this.action = TransportAction.KEEP;
    this.paused = false;
    this.busy = false;
    this.now = options.now;
    this.latency = NaN;
    this.#held = undefined;
    this.#closing = undefined;
    this.#pings = undefined;
    this.isInputOver = false;
    this.#discarded = 0;
  }

  // An idle connection has none of these: they are made when they are needed.
  get closing(): ClosingHandshake {
    return (this.#closing ??= new ClosingHandshake());
  }

  get pings(): PingLedger {
    return (this.#pings ??= new PingLedger());
  }

  get isCloseSent(): boolean {
    return this.#closing !== undefined && this.#closing.isSent;
  }

  get wantsInput(): boolean {
    return !this.paused || this.input === DISCARD;
  }

  /** Whether a server still waits for its request. */
  get isHeadDue(): boolean {
    return this.server !== undefined && this.input === HEAD;
  }

  /** Every call that may deliver events begins here, and ends with `settle`. */
  enter(now: number): void {
    if (this.busy) throw new InvalidStateError('a sink method must not call this');
    this.now = now;
    this.busy = true;
  }

  /** The end of every call that may have delivered events: the last event, and what the sink threw. */
  settle(): void {
    if (this.phase === Phase.CLOSED && this.info === undefined) {
      this.busy = true;
      this.info = this.closing.finish();
      this.sink.onClosed(this.info);
    }
    this.busy = false;
    this.sink.rethrow();
  }

  /** Any byte is a sign of life: the keepalive begins anew. */
  heard(): void {
    if (this.phase === Phase.OPEN) this.timers.heard(this.now);
  }

  /** Bytes from the peer: they wait behind those that wait already. */
  receive(bytes: Uint8Array): void {
    this.heard();
    if ((this.#held?.length ?? 0) === 0) this.#take(bytes, undefined);
    else this.#hold(bytes, 0);
  }

  /** Goes on with what was held back. */
  takeHeld(): void {
    if (this.input === UNDECIDED) return;
    const held = this.#held;
    if (held === undefined) return this.#take(NO_BYTES, undefined);
    this.#held = undefined;
    this.#take(held.take(), held);
    if (this.#held !== held) held.clear();
  }

  /** The transport will bring nothing more, so that there is no point in holding back what it brought. */
  takeRest(): void {
    this.pause(false);
    this.isInputOver = true;
    this.receiver?.endInput();
    this.takeHeld();
  }

  takeEof(): void {
    if (this.server?.isWhole) return; // the end of a request, whose answer is on its way
    const isExpected = this.closing.isComplete || this.action === TransportAction.END;
    if (isExpected) this.#finish(TransportAction.END);
    else this.#finish(TransportAction.ABORT, lossOf(this, 'the peer ended the transport'));
  }

  takeLoss(cause: unknown): void {
    this.#finish(TransportAction.ABORT, lossOf(this, 'the transport was lost', cause));
  }

  /** Does what is due, if anything is. */
  takeTime(): void {
    const { now, timers } = this;
    if (now < timers.due) return;
    switch (timers.wait) {
      case OPENING:
        return openingTimedOut(this);
      case CLOSING:
        return this.lose(new TimeoutError('the closing handshake did not end in time'));
      case PONG:
        return this.lose(new TimeoutError('no pong, nor anything else, came in time after a ping'));
      case PING:
        this.ping(undefined, now);
        this.deflate?.idle();
        if (this.paused) timers.heard(now);
        else timers.pinged(now);
    }
  }

  ping(payload: Uint8Array | undefined, now: number): number {
    this.sender.ping((payload ??= pingPayload(this.pings.nextId)));
    return this.pings.send(payload, now);
  }

  /** While paused the peer can't be heard: no pong is waited for. Pings go on, and find out a transport that is gone. */
  pause(paused: boolean): void {
    if (this.paused === paused || this.isInputOver) return;
    this.paused = paused;
    this.heard();
  }

  receiveHead(head: RequestHead): void {
    this.server!.receiveHead(head);
    stepServer(this, this.server!);
  }

  receiveFields(fields: readonly string[], isEnd: boolean): void {
    const { server, client } = this;
    (server ?? client!).receiveFields(fields, isEnd);
    if (server !== undefined) stepServer(this, server);
    else stepClient(this, client!);
  }

  /** The message in progress, or the next to begin, comes in pieces. */
  streamNext(): void {
    if (this.input !== FRAMES) return;
    const receiver = (this.receiver ??= this.workspace.lendReceiver(this));
    receiver.streamNext();
  }

  /** Takes bytes for what they are now. Those that were `held` back already are their holder's again if they must wait. */
  #take(bytes: Uint8Array, held: HeldBytes | undefined): void {
    try {
      this.#takeAll(bytes, held);
    } catch (error) {
      // No fault of the peer's: a codec that failed, or memory that there isn't. It costs this connection, and no other.
      this.lose(new WebSocketError(1011, '', { cause: error }));
    }
  }

  /** Without any bytes, a frame that was held back behind its header goes on. */
  #takeAll(bytes: Uint8Array, held: HeldBytes | undefined): void {
    const end = bytes.length;
    let at = 0;
    do {
      if (this.input === FRAMES) {
        at = this.#takeFrames(bytes, at, end);
        if (at < end && this.input === FRAMES) {
          if (held === undefined) return this.#hold(bytes, at);
          held.putBack(end - at);
          this.#held = held;
          return;
        }
      } else if (this.input === DISCARD) {
        return this.#discard(end - at);
      } else if (this.input === UNDECIDED) {
        return this.#hold(bytes, at);
      } else if (this.server !== undefined) {
        at = this.server.receive(bytes, at, end);
        stepServer(this, this.server);
      } else {
        at = this.client!.receive(bytes, at, end);
        stepClient(this, this.client!);
      }
    } while (at < end);
  }

  /** Returns where it stopped: before `end` when paused, or when it is over. */
  #takeFrames(bytes: Uint8Array, start: number, end: number): number {
    const receiver = (this.receiver ??= this.workspace.lendReceiver(this));
    const stopped = receiver.receive(bytes, start, end);
    if (receiver.isOver && this.phase !== Phase.CLOSED) this.#conclude(receiver);
    if (receiver.isIdle || this.input !== FRAMES) {
      this.receiver = undefined;
      this.workspace.returnReceiver(receiver);
    }
    return stopped;
  }

  /** Keeps `bytes[start, …)` behind what is kept already, up to a limit. */
  #hold(bytes: Uint8Array, start: number): void {
    const held = (this.#held ??= new HeldBytes(this.workspace.blocks));
    if (this.input === UNDECIDED && held.length + bytes.length - start > MOST_UNDECIDED) {
      this.refuse(EARLY_FRAMES);
    } else if (held.late > MOST_LATE) {
      this.lose(new ProtocolError(1008, '', { message: 'read on while paused' }));
    } else {
      held.append(bytes, start);
    }
  }

  #forgetHeld(): void {
    this.#held?.clear();
    this.#held = undefined;
  }

  #discard(length: number): void {
    this.#discarded += length;
    if (this.#discarded > MOST_DISCARDED) {
      this.lose(new ProtocolError(1008, '', { message: 'the peer sends on after the end' }));
    }
  }

  /** The request that waits for an answer. */
  undecided(): ServerHandshake {
    if (this.server === undefined || this.input !== UNDECIDED) throw new InvalidStateError('no request to answer');
    return this.server;
  }

  /** Answers the request with a 101; `open` is to follow. */
  accept(acceptance: AcceptOptions): Opening {
    const server = this.undecided();
    this.sender.head(server.accept(acceptance), server.fields);
    return server.opening!;
  }

  open(opening: Opening): void {
    this.establish(opening);
    this.sink.onOpen(opening);
  }

  /** Begins the data phase. */
  establish(opening: Opening): void {
    const deflate = this.deflate?.agreed === true ? this.deflate : undefined;
    this.deflate = deflate;
    if (deflate !== undefined) this.sender.useDeflate(deflate);
    this.opening = opening;
    this.server = undefined;
    this.client = undefined;
    this.phase = Phase.OPEN;
    this.input = FRAMES;
    this.heard();
  }

  /** Answers the request with something else than a 101. */
  refuse(rejection: Rejection, server = this.undecided(), cause?: unknown): void {
    this.sender.raw(server.reject(rejection), server.fields);
    const init = cause === undefined ? {} : { cause };
    this.closing.fail(new HandshakeError(`the request was refused with ${rejection.status}`, init));
    this.#retire(TransportAction.END);
  }

  /** The peer's Close frame, or its fault, for which the connection is failed (§7.1.7). */
  #conclude(receiver: Receiver): void {
    this.#note(receiver);
    const { closeFrame, fault } = receiver;
    const { code, reason } = (fault ?? closeFrame)!;
    if (!this.closing.isSent) this.sendClose(code, reason);
    // §7.1.1: the server ends the transport first.
    this.#retire(this.isServer || fault !== undefined ? TransportAction.END : TransportAction.KEEP);
    if (closeFrame !== undefined) this.sink.onClose(code, reason);
  }

  #note({ closeFrame, fault }: Receiver): void {
    if (fault !== undefined) this.closing.fail(new ProtocolError(fault.code, fault.reason));
    else this.closing.receive(closeFrame!);
  }

  sendClose(code: number, reason: string): void {
    this.sender.close(code, reason);
    this.closing.send({ code, reason });
    this.phase = Phase.CLOSING;
    this.timers.closing(this.now);
  }

  /** Nothing but the transport's end is waited for. */
  #retire(action: TransportAction): void {
    this.phase = Phase.CLOSING;
    this.input = DISCARD;
    this.#forgetHeld();
    this.action = action;
    this.timers.closing(this.now);
    this.deflate?.release();
  }

  /** The transport ends by force. */
  lose(error: WebSocketError): void {
    this.#finish(TransportAction.ABORT, error);
  }

  #finish(action: TransportAction, error?: WebSocketError): void {
    if (this.phase === Phase.CLOSED) return;
    if (this.receiver?.lingers === true) this.#note(this.receiver);
    if (error !== undefined && !this.closing.isComplete) this.closing.fail(error);
    this.phase = Phase.CLOSED;
    this.input = DISCARD;
    this.action = action;
    this.#forgetHeld();
    this.timers.clear();
    this.receiver?.release();
    this.receiver = undefined;
    this.deflate?.release();
  }
}

const NO_BYTES = new Uint8Array(0);
