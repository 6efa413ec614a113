import type { CloseFrame, CloseInfo } from './closing/close-info.ts';
import { ClosingHandshake, LOST } from './closing/closing.ts';
import { type Conduct, resolveConduct } from './conduct.ts';
import type { BytesLike } from './data.ts';
import { connectionLost, InvalidStateError, openingLost, type ProtocolError, WebSocketError } from './errors.ts';
import type { FlowCause, TurnCause } from './flows.ts';
import { GuardedSink } from './guarded-sink.ts';
import { GuardedTrace } from './guarded-trace.ts';
import type { ClientHandshake } from './handshake/client.ts';
import type { ServerHandshake } from './handshake/server.ts';
import type { Opening } from './handshake/types.ts';
import { type Limits, resolveLimits } from './limits.ts';
import { type ConnectionOptions, makeDeflate, type Trace } from './options.ts';
import type { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
import { pingPayload, PingLedger } from './pings.ts';
import type { ReceiverOwner } from './receiver.ts';
import { SendQueue } from './send-queue.ts';
import { controlPayload, Sender } from './sender.ts';
import { TracedSender } from './traced-sender.ts';
import { Bytes, CAUSES, Deadline, Phase, STATE_NAMES, type TransportAction } from './states.ts';
import {
  ACTION_IN,
  BYTES_IN,
  DEADLINE_IN,
  Flow,
  isAllowed,
  MAY_CLOSE_IN,
  nextFlow,
  nextState,
  nextTurn,
  On,
  PHASE_IN,
  RoleNumber,
  State,
  Turn,
} from './transitions.ts';
import { checkTime, Timers } from './timers.ts';
import { Resources } from './resources.ts';

/** What has come and was not delivered. */
interface Undelivered {
  /** It is delivered, whatever a pause says: nothing more is waited for. */
  end(): void;
  /** It is dropped: nothing is wanted any more. */
  stop(): void;
}

/**
 * The life of one connection: its state, the parts that live as long as it does, and what goes with a change of state.
 * The tables of states.ts decide; this does what they say. What bytes lead to is in input.ts, what the opening
 * handshake leads to in opening.ts.
 */
export class Lifecycle implements ReceiverOwner {
  readonly limits: Limits;
  readonly conduct: Conduct;
  readonly sink: GuardedSink;
  readonly resources: Resources;
  readonly sender: Sender;
  /** What messages go through before that, where some are deflated off the thread. */
  sendQueue: SendQueue | undefined;
  readonly timers: Timers;
  readonly tracing: GuardedTrace | undefined;
  /** Until it is open: offered or accepted at most. Then: agreed on, or undefined. */
  deflate: PermessageDeflate | undefined;
  /** The opening handshake while it lasts, on the side that this is; a client's that failed is kept for its redirect. */
  server: ServerHandshake | undefined;
  client: ClientHandshake | undefined;
  opening: Opening | undefined;
  /** The state, and the columns of its row that are often asked for. */
  state: number;
  phase: Phase;
  bytes: Bytes;
  flow: number;
  turn: number;
  /** The time of the call that is under way, or of the last one. */
  now: number;
  /** Undefined only while both are made. */
  input: Undelivered | undefined;
  /** Which of the columns of `Next` holds. */
  role: number;
  /** What may still be done in this turn, as `spend` counts it. */
  #budget: number;
  #isInside: boolean;
  #closing: ClosingHandshake | undefined;
  #pings: PingLedger | undefined;

  constructor(isServer: boolean, state: number, options: ConnectionOptions) {
    this.now = checkTime(options.now);
    this.limits = resolveLimits(options);
    this.conduct = resolveConduct(options);
    this.sink = new GuardedSink(options.sink);
    this.resources = options.resources ?? new Resources();
    this.tracing = options.trace === undefined ? undefined : new GuardedTrace(options.trace, this.sink);
    const { resources, limits, trace } = this;
    this.sender =
      trace === undefined
        ? new Sender(resources, !isServer, limits)
        : new TracedSender(resources, !isServer, limits, trace);
    this.sendQueue = undefined;
    this.timers = new Timers(this.limits, options.now);
    this.deflate = makeDeflate(isServer, options);
    this.server = undefined;
    this.client = undefined;
    this.opening = undefined;
    this.state = state;
    this.phase = PHASE_IN[state] as Phase;
    this.bytes = BYTES_IN[state] as Bytes;
    this.flow = Flow.FLOWING;
    this.turn = Turn.WORKING;
    this.input = undefined;
    this.role = isServer ? RoleNumber.server : RoleNumber.client;
    this.#budget = this.limits.turnBudget;
    this.#isInside = false;
    this.#closing = undefined;
    this.#pings = undefined;
    this.heard();
  }

  /** Compression as it was agreed on, or none. Whoever isn't told when a message is deflated has all deflated on the spot. */
  useDeflate(deflate: PermessageDeflate | undefined): void {
    this.deflate = deflate;
    this.sender.useDeflate(deflate);
    if (deflate?.shouldCompressLater(Infinity) !== true || !this.sink.hearsDeflated) return;
    this.sendQueue = new SendQueue(this, deflate);
  }

  // An idle connection has neither of these: they are made when they are needed.
  get closing(): ClosingHandshake {
    return (this.#closing ??= new ClosingHandshake());
  }

  /** The newest round trip of a ping, in milliseconds; NaN before the first. */
  get latency(): number {
    return this.#pings?.latency ?? NaN;
  }

  get isServer(): boolean {
    return this.role === RoleNumber.server;
  }

  get trace(): Trace | undefined {
    return this.tracing?.tell;
  }

  get closeInfo(): CloseInfo | undefined {
    return this.#closing?.info;
  }

  get pings(): PingLedger {
    return (this.#pings ??= new PingLedger());
  }

  get action(): TransportAction {
    return ACTION_IN[this.state] as TransportAction;
  }

  get isInside(): boolean {
    return this.#isInside;
  }

  get isPaused(): boolean {
    return this.flow === Flow.PAUSED || this.turn === Turn.WAITING;
  }

  /** Whether anything that comes now could be dealt with, and is wanted. */
  get isReading(): boolean {
    return !this.isPaused && this.flow !== Flow.STOPPED;
  }

  /** Whether it waits for a turn to go on with what has come. */
  get wantsTurn(): boolean {
    return this.turn === Turn.WAITING && this.bytes === Bytes.FRAMES;
  }

  get isDraining(): boolean {
    return this.flow === Flow.DRAINING;
  }

  /** Whether a call may be made now. */
  allows(cause: number): boolean {
    return isAllowed(this.role, this.state, cause);
  }

  /** Whom a call is about, at this time. Throws an InvalidStateError when a trace makes it, in the middle of another. */
  called(now?: number): this {
    if (this.tracing?.isTelling === true) throw new InvalidStateError('a trace must not call its connection');
    if (now !== undefined) this.now = checkTime(now);
    return this;
  }

  /** Throws an InvalidStateError for a call that may not be made now. */
  check(cause: number, text: string, now?: number): void {
    if (!this.called(now).allows(cause)) throw new InvalidStateError(text);
  }

  /** Where a cause would lead from here. */
  next(cause: number): number {
    return nextState(this.role, this.state, cause);
  }

  /** Changes the state: nothing else does. */
  take(cause: number): void {
    const from = this.state;
    const to = this.next(cause);
    if (to === from) return;
    this.state = to;
    this.phase = PHASE_IN[to] as Phase;
    this.bytes = BYTES_IN[to] as Bytes;
    this.trace?.({ from: STATE_NAMES[from], cause: CAUSES[cause], to: STATE_NAMES[to] });
    const deadline = DEADLINE_IN[to];
    const until = this.timers.enter(deadline, this.now);
    if (deadline === Deadline.LINGER) this.closing.deadline = until;
    if (this.bytes === Bytes.NOTHING) this.input?.stop();
    if (MAY_CLOSE_IN[to] === 1) return;
    this.sendQueue?.clear();
    if (this.bytes === Bytes.NOTHING) this.deflate?.release();
  }

  /** Pauses, resumes, or heeds no pause any more. */
  changeFlow(cause: FlowCause): void {
    const flow = nextFlow(this.flow, cause);
    if (flow === this.flow) return;
    this.flow = flow;
    this.heard();
  }

  /** So much work has been done, in bytes that were inflated or what takes as long. */
  spend(cost: number): void {
    this.#budget -= cost;
    if (this.#budget <= 0) this.changeTurn('spent');
  }

  /** Waits for the next turn, or has it. */
  changeTurn(cause: TurnCause): void {
    this.turn = nextTurn(this.turn, cause);
    if (this.turn === Turn.WORKING) this.#budget = this.limits.turnBudget;
  }

  /** Every call that brings bytes, time or the end begins here, and ends with `leave`. */
  enter(now: number): void {
    if (this.called().#isInside) throw new InvalidStateError('a sink method must not call this');
    this.now = checkTime(now);
    this.#isInside = true;
  }

  /** A call of that kind, whatever comes of it: the next one may be made. `self` takes the step, with what it is given. */
  during<T, A extends [a?: any, b?: any]>(
    now: number,
    step: (this: T, ...given: A) => void,
    self?: T,
    ...given: A
  ): void;
  during(now: number, step: (a?: unknown, b?: unknown) => void, self?: unknown, a?: unknown, b?: unknown): void {
    this.enter(now);
    try {
      step.call(self, a, b);
    } finally {
      this.leave();
    }
  }

  /** The end of every call that may have delivered events: the last event, and what the sink threw. */
  leave(): void {
    if (this.phase === Phase.CLOSED && this.closeInfo === undefined) {
      this.#isInside = true;
      this.sink.onClosed(this.closing.finish());
    }
    this.#isInside = false;
    this.sink.rethrow();
  }

  /** Any byte is a sign of life: the keepalive begins anew. */
  heard(): void {
    if (DEADLINE_IN[this.state] === Deadline.KEEPALIVE) this.timers.heard(this.now);
  }

  /** Sends a ping, and returns its id. Throws as `controlPayload` does. */
  ping(data: BytesLike | undefined, now: number): number {
    const payload = data === undefined ? pingPayload(this.pings.nextId) : controlPayload(data);
    const at = checkTime(now);
    this.sender.ping(payload);
    return this.pings.send(payload, at);
  }

  /** Sends our Close frame, behind all that was sent before. */
  close(code: number, reason: string): void {
    if (this.sendQueue === undefined || this.sendQueue.size === 0) return this.#close(code, reason, On.close);
    this.sendQueue.add(0, () => this.#close(code, reason, On.sendClose));
    this.take(On.queueClose);
  }

  #close(code: number, reason: string, cause: number): void {
    this.#sendClose(code, reason);
    this.take(cause);
  }

  /** The peer's Close frame, or its fault, for which the connection is failed (§7.1.7): no message comes after it. */
  endMessages(closeFrame: CloseFrame | undefined, fault: ProtocolError | undefined): void {
    this.closing.ending = { closeFrame, fault };
    this.take(fault === undefined ? On.closeFrame : On.fault);
    // What can't be answered any more need not be put off.
    if (this.phase !== Phase.OPEN || !this.sink.onEnding()) this.concludeInTurn();
  }

  /** Does what follows from the end of the messages once everything has gone that was sent until now. */
  concludeInTurn(): void {
    if (this.sendQueue === undefined) this.conclude();
    else if (this.next(On.conclude) !== this.state) this.sendQueue.whenSent(() => this.conclude());
  }

  /** Calls back, once, when all that was sent is output, unless the end comes before. */
  whenSent(callback: () => void): void {
    if (this.sendQueue === undefined) callback();
    else this.sendQueue.whenSent(callback);
  }

  /** Does what follows from the end of the messages, once it has come. */
  conclude(): void {
    if (this.next(On.conclude) === this.state) return;
    const { closeFrame, fault } = this.closing.ending!;
    const { code, reason } = (fault ?? closeFrame)!;
    this.closing.noteEnding();
    const isExplained = fault === undefined || this.conduct.explainFaults;
    if (MAY_CLOSE_IN[this.state] === 1) this.#sendClose(code, isExplained ? reason : '');
    this.take(On.conclude);
    if (fault !== undefined) this.sink.onFault(fault);
    else this.sink.onCloseFrame(code, reason);
    if (this.state === State.UNANSWERED) this.abort(On.lost, this.lossOf());
  }

  /** Nothing can be sent any more. Where something may have come that says more of the end, it is taken in first. `hasLeft`: our Close frame has. */
  loseOutput(cause: unknown, hasLeft = false): void {
    if (this.next(On.outputLost) === State.ABORTED) {
      this.abort(On.outputLost, this.lossOf(cause));
    } else {
      this.closing.loss ??= { cause };
      this.take(On.outputLost);
      if (!hasLeft) this.failForLoss();
    }
    this.sender.release();
  }

  /** The transport is gone: where what it brought is not dealt with yet, that takes turns, and nothing can be sent meanwhile. */
  outliveTransport(cause: unknown): void {
    if (!this.wantsTurn) return;
    // What the transport had taken counts as sent, as it does where no turn is waited for.
    this.loseOutput(cause, this.closing.isSent && this.sender.size === 0);
    this.timers.clear();
  }

  /** Once both Close frames could have been sent, it is a fault that one can't. */
  failForLoss(): void {
    if (this.phase === Phase.CLOSING) this.closing.unsend();
  }

  /** Ends the transport now. */
  terminate(error: WebSocketError): void {
    this.sender.release();
    this.abort(On.terminate, error);
  }

  /** Something of ours broke, a codec or for want of memory: no fault of the peer's. It costs this connection, and no other. */
  fail(cause: unknown): void {
    this.abort(On.failure, new WebSocketError(1011, '', { cause, kind: 'internal' }));
  }

  /** The transport is gone. */
  loseTransport(cause: unknown, isTemporary: boolean): void {
    this.abort(On.lost, this.lossOf(cause, isTemporary));
  }

  /** The peer has ended the transport. */
  takeEof(): void {
    if (this.next(On.eof) !== State.ABORTED) return this.take(On.eof);
    const what = this.#closing?.loss !== undefined ? LOST : 'the peer ended the transport';
    this.abort(On.eof, this.lossOf(undefined, true, what));
  }

  /** The error for what has happened to the transport before it was to. */
  lossOf(cause: unknown = this.#closing?.loss?.cause, isTemporary = true, what = LOST): WebSocketError {
    if (this.phase !== Phase.CONNECTING) return connectionLost(what, cause, this.#closing?.hasCome);
    return this.client?.takePartialResponse() ?? openingLost(what, cause, isTemporary);
  }

  /** The transport ends by force, or has ended: `error` says why, where it was not closed by both sides before. */
  abort(cause: number, error: WebSocketError): void {
    if (this.phase === Phase.CLOSED) return;
    this.closing.noteEnding();
    if (!this.closing.isComplete) this.closing.fail(error);
    this.take(cause);
  }

  #sendClose(code: number, reason: string): void {
    this.sender.close(code, reason);
    this.closing.send({ code, reason });
  }
}
