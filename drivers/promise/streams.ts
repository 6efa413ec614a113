import { WebSocketError } from '../../protocol/index.ts';
import { nameOf } from '../../protocol/internal.ts';
import type { Data, ReceivedMessage } from './data.ts';
import { closeAfter } from './run-handler.ts';
import type { WebSocket } from './websocket.ts';

/** A WebSocket as a pair of web streams. A chunk is a message: a string for TEXT, bytes for BINARY. */
export interface WebStreams {
  /** The messages that come: one is a chunk. Ends with the connection, with its error unless that was a normal end. */
  readonly readable: ReadableStream<ReceivedMessage>;
  /** Each chunk that is written is sent as a message, as fast as the peer takes them. Closing it closes with 1000. */
  readonly writable: WritableStream<Data>;
}

/**
 * The two web streams of a WebSocket, with backpressure both ways. From here on they alone receive and send: an
 * InvalidStateError where a loop or another stream does already.
 *
 * The readable ends when the peer closes normally (1000, 1001, 1005), after every message that came before; any other end
 * is an error of both. Closing the writable, or cancelling the readable, closes with 1000 and waits for the closing
 * handshake; aborting closes with 1011, or with the code of the `WebSocketError` that it is aborted with.
 */
export function toStreams(webSocket: WebSocket): WebStreams {
  if (typeof (webSocket as Partial<WebSocket> | undefined | null)?.receive !== 'function') {
    throw new TypeError(`toStreams: expected a WebSocket, not ${nameOf(webSocket)}`);
  }
  const messages = webSocket[Symbol.asyncIterator]();
  const readable = new ReadableStream<ReceivedMessage>(
    {
      async pull(controller) {
        const { value, done } = await messages.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => closeCleanly(webSocket),
    },
    // Nothing is taken that nobody asked for: what waits, waits in the receive queue and in the network.
    { highWaterMark: 0 },
  );
  const writable = new WritableStream<Data>({
    start(controller) {
      void webSocket.closed.then(({ code, reason, error }) =>
        controller.error(error ?? new WebSocketError(code, reason, { message: 'the connection is closed' })),
      );
    },
    write: (message) => webSocket.send(message),
    close: () => closeCleanly(webSocket),
    abort: (reason) => closeAfter(webSocket, reason),
  });
  return { readable, writable };
}

async function closeCleanly(webSocket: WebSocket): Promise<void> {
  const { error } = await webSocket.close();
  if (error !== undefined) throw error;
}
