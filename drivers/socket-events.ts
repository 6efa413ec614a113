import {
  type CloseFrame,
  type CloseInfo,
  type Connection,
  Phase,
  type PlainRequest,
  type Rejection,
  type Sink,
  type UpgradeRequest,
  type Workspace,
} from '../protocol/index.ts';
import type { Admission } from './admission.ts';
import type { Acceptance, Decision, Handlers } from './handlers.ts';
import type { Pump, PumpOwner } from './pump.ts';
import type { Observer } from './observer.ts';
import type { Socket, SocketParts } from './socket.ts';

/**
 * A socket's events on their way from the connection to the user's handlers. Whatever a handler throws, now or in a
 * promise, is reported to `error`, closes this connection with 1011, and goes no further.
 */
export class SocketEvents<Data> implements Sink, PumpOwner {
  /** Set right after they were made, which needs this first. */
  connection!: Connection;
  pump!: Pump;
  closeFrame: CloseFrame | undefined;
  /** Called once the opening handshake is over, however it went. */
  onceOpened: (() => void) | undefined;
  /** Who waits until nothing is buffered any more; called at the end, too. */
  onceWritable: (() => void)[] | undefined;
  readonly #socket: Socket<Data>;
  readonly #handlers: Handlers<Data>;
  readonly #workspace: Workspace;
  readonly #observer: Observer | undefined;
  readonly #admission: Admission | undefined;
  /** Server: the request, from the moment it came until the connection is open, or for good once somebody has seen it. */
  #request: UpgradeRequest | undefined;
  #isRequestSeen: boolean;
  /** Aborts the decision on the request that is under way. */
  #deciding: AbortController | undefined;

  constructor(socket: Socket<Data>, parts: SocketParts<Data>) {
    this.closeFrame = undefined;
    this.onceOpened = undefined;
    this.onceWritable = undefined;
    this.#socket = socket;
    this.#handlers = parts.handlers;
    this.#workspace = parts.workspace;
    this.#observer = parts.observer;
    this.#admission = parts.admission;
    this.#request = undefined;
    this.#isRequestSeen = false;
    this.#deciding = undefined;
  }

  /** The same object each time. */
  get request(): UpgradeRequest | undefined {
    this.#isRequestSeen = true;
    return this.#request;
  }

  onRequest(request: UpgradeRequest): void {
    this.#request = request;
    this.#observer?.onHandshake(this.#socket);
    const authorize = this.#admission?.authorize;
    if (authorize === undefined) return this.#answer(undefined);
    const refusal = this.#admission?.refusal() ?? this.#admission?.ask(this.#socket);
    if (refusal !== undefined) this.#answer(refusal);
    else this.#ask((context) => authorize(this.request!, context));
  }

  onPlainRequest(request: PlainRequest, refusal: Rejection): void {
    const onRequest = this.#admission?.onRequest;
    if (onRequest === undefined) return this.connection.reject(refusal);
    const unasked = this.#admission?.ask(this.#socket);
    if (unasked !== undefined) return this.connection.reject(unasked);
    this.#ask(async (context) => (await onRequest(request, context)) ?? refusal);
  }

  onOpen(): void {
    this.#admission?.enter(this.#socket);
    this.#opened();
    this.#observer?.onOpen(this.#socket);
    try {
      this.#watch(this.#handlers.open?.(this.#socket));
    } catch (error) {
      this.#fail(error);
    }
    // The connection can make another, from less than this one takes.
    if (!this.#isRequestSeen) this.#request = undefined;
  }

  onText(text: string): void {
    this.#observer?.onMessage(this.#socket, text, false);
    try {
      this.#watch(this.#handlers.message?.(this.#socket, text));
    } catch (error) {
      this.#fail(error);
    }
  }

  onBinary(bytes: Uint8Array, owned: boolean): void {
    this.#observer?.onMessage(this.#socket, bytes, false);
    try {
      // Lent bytes are part of a read buffer: a copy is safe to keep, and does not keep that buffer alive.
      this.#watch(this.#handlers.message?.(this.#socket, owned ? bytes : this.#workspace.own(bytes)));
    } catch (error) {
      this.#fail(error);
    }
  }

  onMessageStart(binary: boolean): void {
    try {
      this.#watch(this.#handlers.messageStart?.(this.#socket, binary));
    } catch (error) {
      this.#fail(error);
    }
  }

  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void {
    try {
      this.#watch(
        this.#handlers.messageChunk?.(
          this.#socket,
          owned || typeof chunk === 'string' ? chunk : this.#workspace.own(chunk),
        ),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  onMessageEnd(): void {
    try {
      this.#watch(this.#handlers.messageEnd?.(this.#socket));
    } catch (error) {
      this.#fail(error);
    }
  }

  onPing(payload: Uint8Array): void {
    try {
      this.#watch(this.#handlers.ping?.(this.#socket, payload));
    } catch (error) {
      this.#fail(error);
    }
  }

  onPong(payload: Uint8Array, id: number, roundTrip: number): void {
    try {
      this.#watch(this.#handlers.pong?.(this.#socket, payload, id, roundTrip));
    } catch (error) {
      this.#fail(error);
    }
  }

  onWritable(): void {
    try {
      this.#watch(this.#handlers.drain?.(this.#socket));
    } catch (error) {
      this.#fail(error);
    }
    this.#letWaitersGo();
  }

  onEnding(): boolean {
    let lingers = false;
    try {
      lingers = this.#handlers.ending?.(this.#socket) === true;
    } catch (error) {
      this.#fail(error);
    }
    // The end of the turn is asked for from among the promises: whatever they set off is then due before it.
    if (lingers) void Promise.resolve().then(() => this.#socket.clock.defer(() => this.#conclude()));
    else if (this.pump.backlog !== undefined && this.pump.backlog.size > 0) {
      // It was sent before the end came, and is owed.
      lingers = true;
      this.#conclude();
    }
    return lingers;
  }

  /** Goes on with the end that was put off, once everything that was sent until now has gone before it. */
  #conclude(): void {
    const { backlog } = this.pump;
    if (backlog === undefined) this.pump.conclude();
    else backlog.whenSent(() => this.pump.conclude());
  }

  onClose(code: number, reason: string): void {
    this.closeFrame = { code, reason };
    try {
      this.#watch(this.#handlers.closing?.(this.#socket, code, reason));
    } catch (error) {
      this.#fail(error);
    }
  }

  onClosed(info: CloseInfo): void {
    this.pump.backlog?.clear();
    if (this.connection.opening === undefined && this.#socket.goOn()) return;
    this.#admission?.leave(this.#socket);
    this.#deciding?.abort(info.error);
    this.#opened();
    this.#observer?.onClose(this.#socket, info);
    try {
      this.#watch(this.#handlers.close?.(this.#socket, info));
    } catch (error) {
      this.#fail(error);
    }
    this.#letWaitersGo();
  }

  #letWaitersGo(): void {
    const waiting = this.onceWritable;
    if (waiting === undefined) return;
    this.onceWritable = undefined;
    for (const callback of waiting) callback();
  }

  #opened(): void {
    this.onceOpened?.();
    this.onceOpened = undefined;
  }

  /** Handlers may be async functions: their promise is not waited for, but must not be left to reject unheard. */
  #watch(result: unknown): void {
    if (result !== undefined && isPromise(result)) result.then(undefined, (error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#report(error);
    if (this.connection.phase === Phase.OPEN) this.#socket.close(1011);
  }

  #report(error: unknown): void {
    this.#observer?.onError(this.#socket, error);
    try {
      this.#handlers.error?.(error, this.#socket);
    } catch {
      // The one who is told of errors failed: there is nobody left to tell.
    }
  }

  /** Asks the user what to answer; that may come later, or never. */
  #ask(decide: (context: { signal: AbortSignal }) => Decision | PromiseLike<Decision>): void {
    const deciding = new AbortController();
    this.#deciding = deciding;
    try {
      const decision = decide({ signal: deciding.signal });
      if (!isPromise(decision)) return this.#answer(decision);
      decision.then(
        (late) => this.#answerLate(late),
        (error: unknown) => {
          this.#report(error);
          this.#answerLate(INTERNAL_ERROR);
        },
      );
    } catch (error) {
      this.#report(error);
      this.#answer(INTERNAL_ERROR);
    }
  }

  #answerLate(decision: Decision): void {
    // The client may be gone by now, or the deadline have passed.
    if (this.connection.phase === Phase.CONNECTING) this.#answer(decision);
    this.pump.flush();
  }

  /** Answers the request. What can't be sent, and a callback that throws, is the server's fault: 500. */
  #answer(decision: Decision): void {
    this.#deciding = undefined;
    try {
      this.#accept(decision);
    } catch (error) {
      this.#report(error);
      this.connection.reject(INTERNAL_ERROR, this.#socket.clock.now());
    }
    this.#admission?.decided(this.#socket);
  }

  #accept(decision: Decision): void {
    const now = this.#socket.clock.now();
    if (decision === false) return this.connection.reject({ status: 403 }, now);
    if (typeof decision === 'object' && isRejection(decision)) return this.connection.reject(decision, now);
    // Asked last: while the user decided, others may have come in.
    const refusal = this.#admission?.refusal();
    if (refusal !== undefined) return this.connection.reject(refusal, now);
    if (typeof decision !== 'object') return this.connection.accept({}, now);
    this.#socket.context = decision.context;
    this.connection.accept(decision, now);
  }
}

const INTERNAL_ERROR: Rejection = { status: 500 };

function isRejection(decision: Acceptance | Rejection): decision is Rejection {
  return 'status' in decision;
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined | null)?.then === 'function';
}
