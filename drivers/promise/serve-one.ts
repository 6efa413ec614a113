import { WebSocketError } from '../../protocol/index.ts';
import type { Session } from './session.ts';
import type { WebSocket } from './websocket.ts';

/** What is done with a connection. When it returns, the connection is closed. */
export type ConnectionHandler<T = unknown> = (webSocket: WebSocket) => T | PromiseLike<T>;

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
export function serveOne(session: Session, handler: ConnectionHandler, owner: HandlerOwner): void {
  try {
    // As long as the handler runs, two closures take less memory than an async function that waits for it.
    Promise.resolve(handler(session.webSocket)).then(
      () => conclude(session, owner),
      (error: unknown) => fail(error, session, owner),
    );
  } catch (error) {
    void fail(error, session, owner);
  }
}

async function conclude(session: Session, owner: HandlerOwner): Promise<void> {
  await session.webSocket.close();
  owner.sessionServed(session);
}

async function fail(error: unknown, session: Session, owner: HandlerOwner): Promise<void> {
  if (!isItsEnd(error, session.webSocket)) owner.handlerFailed(error, session);
  await closeAfter(session.webSocket, error);
  owner.sessionServed(session);
}

/** Does the same on a client: resolves to what the handler returned, or rejects with what it threw, after the close. */
export async function runHandler<T>(webSocket: WebSocket, handler: ConnectionHandler<T>): Promise<T> {
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

async function closeAfter(webSocket: WebSocket, error: unknown): Promise<void> {
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
