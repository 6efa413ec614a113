import { WebSocketError } from '../../protocol/index.ts';
import { type Wake, wakeAtDeadline } from '../clock.ts';
import { each, report } from '../socket/guard.ts';
import type { Handlers } from '../socket/socket.ts';
import { Pending } from './deferred.ts';
import { runServerHandler, type ConnectionHandler, type HandlerOwner } from './run-handler.ts';
import { Session, sessionHandlers, type SessionLimits } from './session.ts';
import type { WebSocket } from './websocket.ts';

/** Where failures go that nobody awaits. */
export type ErrorListener = (error: unknown, webSocket: WebSocket | undefined) => void;

/** The connections of one server and the handlers that run for them. */
export class HandlerRunner implements HandlerOwner {
  /** The open connections. */
  readonly connections: Set<WebSocket>;
  /** What the driver is to call. */
  readonly handlers: Handlers<any>;
  readonly #handler: ConnectionHandler;
  readonly #limits: SessionLimits;
  readonly #onError: ErrorListener;
  /** Those with an open connection or a running handler. */
  readonly #running: Set<Session>;
  /** What newcomers are told once the server closes. */
  #closing: { readonly code: number; readonly reason: string } | undefined;
  #deadline: number;
  #wake: Wake | undefined;
  #idle: Pending<void> | undefined;

  constructor(handler: ConnectionHandler, limits: SessionLimits, onError: ErrorListener = print) {
    this.connections = new Set();
    this.#handler = handler;
    this.#limits = limits;
    this.#onError = onError;
    this.#running = new Set();
    this.#closing = undefined;
    this.#deadline = Infinity;
    this.#wake = undefined;
    this.#idle = undefined;
    this.handlers = {
      ...(sessionHandlers as Handlers<any>),
      open: (socket) => this.#open((socket.data = new Session(socket, this.#limits))),
      close: (socket, info) => {
        const session: Session | undefined = socket.data;
        // Without a session it never opened.
        if (session === undefined) return;
        this.connections.delete(session.webSocket);
        session.onClosed(info);
      },
      error: (error, socket) => this.#report(error, socket?.data?.webSocket),
    };
  }

  /** Resolves when no handler runs and no connection is left. */
  async whenIdle(): Promise<void> {
    if (this.#running.size === 0) return;
    this.#idle ??= new Pending();
    return this.#idle.promise;
  }

  /**
   * Sends every connection a Close, and whoever still comes; ends what is left after `timeout`. The code and the reason
   * are such as may be sent.
   */
  closeAll(code: number, reason: string, timeout: number): void {
    each(this.#running, (session) => session.close(code, reason));
    this.#closing ??= { code, reason };
    for (const { socket } of this.#running) {
      this.#deadline = Math.min(this.#deadline, socket.clock.now() + timeout);
      this.#sleep();
      return;
    }
  }

  handlerFailed(error: unknown, session: Session): void {
    session.socket.observer?.onError(session.socket, error);
    this.#report(error, session.webSocket);
  }

  sessionServed(session: Session): void {
    this.#running.delete(session);
    if (this.#running.size !== 0) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  #open(session: Session): void {
    if (this.#closing !== undefined) {
      session.close(this.#closing.code, this.#closing.reason);
      return;
    }
    this.connections.add(session.webSocket);
    this.#running.add(session);
    runServerHandler(session, this.#handler, this);
  }

  /** Any connection's clock will do: they are all the driver's. */
  #sleep(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    if (this.#deadline === Infinity) return;
    for (const { socket } of this.#running) {
      if (socket.clock.now() >= this.#deadline) return this.#endAll();
      this.#wake = wakeAtDeadline(socket.clock, this.#deadline, () => this.#endAll(), 'server.close');
      return;
    }
  }

  #endAll(): void {
    each([...this.#running], (session) => {
      session.socket.terminate();
      // Its handler, if that still runs, is on its own.
      void session.closed.then(() => this.sessionServed(session));
    });
  }

  #report(error: unknown, webSocket: WebSocket | undefined): void {
    const onError = this.#onError;
    report(error, () => onError(error, webSocket));
  }
}

/** Without a listener, what looks like a bug is not swallowed; that a connection ended in some way is no bug. */
function print(error: unknown): void {
  const { console } = globalThis as { console?: { error(...args: unknown[]): void } };
  if (!(error instanceof WebSocketError)) console?.error('sansocket: a connection handler failed:', error);
}
