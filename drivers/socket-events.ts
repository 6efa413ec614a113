import {
  type CloseFrame,
  type CloseInfo,
  type Connection,
  Phase,
  type Rejection,
  type Sink,
  type UpgradeRequest,
  type Workspace,
} from '../protocol/index.ts';
import type { Admission } from './admission.ts';
import type { Acceptance, Decision, Handlers, ServerOptions } from './handlers.ts';
import type { Pump, PumpOwner } from './pump.ts';
import type { Socket } from './socket.ts';

type Authorize = NonNullable<ServerOptions['authorize']>;

/**
 * A socket's events on their way from the connection to the user's handlers. Whatever a handler throws, now or in a
 * promise, is reported to `error`, closes this connection with 1011, and goes no further.
 */
export class SocketEvents<Data> implements Sink, PumpOwner {
  /** Set right after they were made, which needs this first. */
  connection!: Connection;
  pump!: Pump;
  closeFrame: CloseFrame | undefined;
  /** Server: the request, from the moment it came. */
  request: UpgradeRequest | undefined;
  /** Called once the opening handshake is over, however it went. */
  onceOpened: (() => void) | undefined;
  readonly #socket: Socket<Data>;
  readonly #handlers: Handlers<Data>;
  readonly #workspace: Workspace;
  readonly #admission: Admission | undefined;
  /** Aborts the decision on the request that is under way. */
  #deciding: AbortController | undefined;

  constructor(socket: Socket<Data>, handlers: Handlers<Data>, workspace: Workspace, admission: Admission | undefined) {
    this.closeFrame = undefined;
    this.request = undefined;
    this.onceOpened = undefined;
    this.#socket = socket;
    this.#handlers = handlers;
    this.#workspace = workspace;
    this.#admission = admission;
    this.#deciding = undefined;
  }

  onRequest(request: UpgradeRequest): void {
    this.request = request;
    const refusal = this.#admission?.refusal();
    if (refusal !== undefined) this.connection.reject(refusal);
    else if (this.#admission?.authorize === undefined) this.connection.accept();
    else this.#decide(this.#admission.authorize, request);
  }

  onOpen(): void {
    this.#admission?.enter(this.#socket);
    this.#opened();
    try {
      this.#watch(this.#handlers.open?.(this.#socket));
    } catch (error) {
      this.#fail(error);
    }
  }

  onText(text: string): void {
    try {
      this.#watch(this.#handlers.message?.(this.#socket, text));
    } catch (error) {
      this.#fail(error);
    }
  }

  onBinary(bytes: Uint8Array, owned: boolean): void {
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
    this.#admission?.leave(this.#socket);
    this.#deciding?.abort(info.error);
    this.#opened();
    try {
      this.#watch(this.#handlers.close?.(this.#socket, info));
    } catch (error) {
      this.#fail(error);
    }
  }

  #opened(): void {
    this.onceOpened?.();
    this.onceOpened = undefined;
  }

  /** Handlers may be async functions: their promise is not waited for, but must not be left to reject unheard. */
  #watch(result: unknown): void {
    if (result === undefined || typeof (result as PromiseLike<unknown>)?.then !== 'function') return;
    (result as PromiseLike<unknown>).then(undefined, (error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#report(error);
    if (this.connection.phase === Phase.OPEN) this.#socket.close(1011);
  }

  #report(error: unknown): void {
    try {
      this.#handlers.error?.(error, this.#socket);
    } catch {
      // The one who is told of errors failed: there is nobody left to tell.
    }
  }

  /** Asks the server's `authorize`, whose answer may come later, or never. */
  #decide(authorize: Authorize, request: UpgradeRequest): void {
    const deciding = new AbortController();
    this.#deciding = deciding;
    try {
      const decision = authorize(request, { signal: deciding.signal });
      if (typeof (decision as PromiseLike<Decision> | undefined)?.then !== 'function') {
        this.#answer(decision as Decision);
        return;
      }
      (decision as PromiseLike<Decision>).then(
        (late) => this.#answerLate(late),
        (error: unknown) => this.#answerLate(INTERNAL_ERROR, error),
      );
    } catch (error) {
      this.#report(error);
      this.connection.reject(INTERNAL_ERROR);
    }
  }

  #answerLate(decision: Decision, error?: unknown): void {
    if (error !== undefined) this.#report(error);
    // The client may be gone by now, or the deadline have passed.
    if (this.connection.phase !== Phase.CONNECTING) return;
    try {
      this.#answer(decision);
    } catch (fault) {
      this.#report(fault);
      this.connection.reject(INTERNAL_ERROR);
    }
    this.pump.flush();
  }

  #answer(decision: Decision): void {
    this.#deciding = undefined;
    if (decision === false) return this.connection.reject({ status: 403 });
    if (decision === undefined || decision === true) return this.connection.accept();
    if (isRejection(decision)) return this.connection.reject(decision);
    this.#socket.context = decision.context;
    this.connection.accept(decision);
  }
}

const INTERNAL_ERROR: Rejection = { status: 500 };

function isRejection(decision: Acceptance | Rejection): decision is Rejection {
  return 'status' in decision;
}
