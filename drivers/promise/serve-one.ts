import { WebSocketError } from '../../protocol/index.ts';
import type { WebSocket } from './websocket.ts';

/** What is done with a connection. When it returns, the connection is closed. */
export type ConnectionHandler<T = unknown> = (webSocket: WebSocket) => T | PromiseLike<T>;

/**
 * Runs a handler for a connection, then closes it: with 1000 when the handler returned, with 1011 or the code of the
 * `WebSocketError` when it threw. Resolves when the connection is over; what the handler threw goes to `report`, once.
 */
export async function serveOne(
  webSocket: WebSocket,
  handler: ConnectionHandler,
  report: (error: unknown) => void,
): Promise<void> {
  try {
    await handler(webSocket);
  } catch (error) {
    if (!isItsEnd(error, webSocket)) report(error);
    await closeAfter(webSocket, error);
    return;
  }
  await webSocket.close();
}

/** The same on a client: resolves to what the handler returned, or rejects with what it threw, after the close. */
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
