import { WebSocketError } from '../../protocol/index.ts';
import { isPromise } from '../socket/guard.ts';
import type { Session } from './session.ts';
import type { WebSocket } from './websocket.ts';

/** What is done with a connection. When it returns, the connection is closed. */
export type ConnectionHandler<T = unknown, Context = unknown> = (webSocket: WebSocket<Context>) => T | PromiseLike<T>;

/** Who has a handler run for each connection: a server. */
export interface HandlerOwner {
  /** The handler threw; told once, as soon as it has. */
  handlerFailed(error: unknown, session: Session): void;
  /** The handler has settled and the connection is over. */
  sessionServed(session: Session): void;
}

/**
 * Runs a handler for a connection, then closes it: with 1000 when the handler returned, with 1011 or the code of the
 * `WebSocketError` when it threw. Never throws.
 */
export function runServerHandler(session: Session, handler: ConnectionHandler, owner: HandlerOwner): void {
  const since = Math.floor(session.socket.clock.now());
  // Of this block: one of a block within would be kept in a scope of its own, as long as the handler runs.
  let isSync = false;
  try {
    // As long as the handler runs, two closures take less memory than an async function that waits for it.
    const result = handler(session.webSocket);
    isSync = !isPromise(result);
    Promise.resolve(result).then(
      () => conclude(session, owner, since, isSync),
      (error: unknown) => fail(error, session, owner),
    );
  } catch (error) {
    void fail(error, session, owner);
  }
}

async function conclude(session: Session, owner: HandlerOwner, since: number, isSync: boolean): Promise<void> {
  if (!hasTold && isAtOnce(session, since, isSync)) tellThatReturningCloses();
  await session.webSocket.close();
  owner.sessionServed(session);
}

async function fail(error: unknown, session: Session, owner: HandlerOwner): Promise<void> {
  if (!isItsEnd(error, session.webSocket)) owner.handlerFailed(error, session);
  await closeAfter(session.webSocket, error);
  owner.sessionServed(session);
}

/** A handler that returns within so many milliseconds did so at once. */
const AT_ONCE = 10;

let hasTold = false;

/** Whether it received nothing and is back already; one that waited for what it sent has done what it was to do. */
function isAtOnce({ socket, inbox }: Session, since: number, isSync: boolean): boolean {
  if (inbox.wasAttended || socket.state !== 'open' || socket.clock.now() - since > AT_ONCE) return false;
  return isSync || socket.traffic.messagesSent === 0;
}

/** Who comes from callbacks registers something and returns: once, a line says what that does here. */
function tellThatReturningCloses(): void {
  hasTold = true;
  const { console } = globalThis as { console?: { warn(text: string): void } };
  console?.warn(
    'sansocket: a handler returned at once, and nothing was received: returning closes its connection (1000). ' +
      'To keep one open, wait in the handler: for await (const message of ws), or await ws.closed',
  );
}

/** Does the same on a client: resolves to what the handler returned, or rejects with what it threw, after the close. */
export async function runClientHandler<T>(webSocket: WebSocket, handler: ConnectionHandler<T>): Promise<T> {
  let result: T;
  try {
    result = await handler(webSocket);
  } catch (error) {
    await closeAfter(webSocket, error);
    throw error;
  }
  await webSocket.close();
  return result;
}

/** A handler may receive until that rejects: the normal end of its connection is no failure of it. */
function isItsEnd(error: unknown, webSocket: WebSocket): boolean {
  return error instanceof WebSocketError && error.isOk && webSocket.state !== 'open';
}

/** Closes with the code and reason of the `WebSocketError` that this is, or else with 1011. */
export async function closeAfter(webSocket: WebSocket, error: unknown): Promise<void> {
  if (error instanceof WebSocketError) {
    try {
      await webSocket.close(error.code, error.reason);
      return;
    } catch {
      // A code that only tells of an end and is never sent, 1006 say, or a reason too long for a frame.
    }
  }
  await webSocket.close(1011);
}
