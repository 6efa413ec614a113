import type { ClientOptions, Driver, Handlers } from '../handlers.ts';
import { runHandler, type ConnectionHandler } from './serve-one.ts';
import { resolveSessionLimits, Session, sessionHandlers, type PromiseOptions } from './session.ts';
import type { WebSocket } from './websocket.ts';

/** The promise API's `open` over a driver with options of type `C`. */
export interface Open<C extends ClientOptions> {
  /**
   * Opens a connection (RFC 6455 §4.1). Rejects with the `WebSocketError` that tells why it could not be opened: a
   * `HandshakeError`, with the response where there was one; a `TimeoutError` after `handshakeTimeout`. Rejects with the
   * signal's reason when `signal` fires before the connection is open (it has no say afterwards), with a SyntaxError for
   * a bad URL, and with a TypeError or RangeError for bad options.
   */
  (url: string | URL, options?: C & PromiseOptions): Promise<WebSocket>;
  /**
   * Opens a connection, runs `handler` and closes: with 1000 when it has returned, with 1011 when it has thrown, or with
   * the code and reason of the `WebSocketError` that it threw. After the closing handshake it resolves to what the
   * handler returned, or rejects with what it threw.
   */
  <T>(url: string | URL, handler: ConnectionHandler<T>): Promise<T>;
  <T>(url: string | URL, options: C & PromiseOptions, handler: ConnectionHandler<T>): Promise<T>;
}

/** Makes `open` from a driver's `connect`. */
export function createOpen<C extends ClientOptions>(driver: Pick<Driver<C, any>, 'connect'>): Open<C> {
  async function open(
    url: string | URL,
    optionsOrHandler?: (C & PromiseOptions) | ConnectionHandler,
    handlerAfterOptions?: ConnectionHandler,
  ): Promise<unknown> {
    const handler = typeof optionsOrHandler === 'function' ? optionsOrHandler : handlerAfterOptions;
    const options = typeof optionsOrHandler === 'function' ? undefined : optionsOrHandler;
    if (handler !== undefined && typeof handler !== 'function') throw new TypeError('the handler must be a function');
    const given = options ?? ({} as C & PromiseOptions);
    const webSocket = await whenOpen(given, (handlers) => driver.connect(url, given, handlers));
    return handler === undefined ? webSocket : runHandler(webSocket, handler);
  }
  return open as Open<C>;
}

/**
 * Waits for a socket to open: what `open` does over a `connect`, for a driver's other ways to a socket. `connect` is to
 * make a socket with these handlers.
 */
export function whenOpen(
  options: ClientOptions & PromiseOptions,
  connect: (handlers: Handlers<any>) => unknown,
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const limits = resolveSessionLimits(options);
    const { signal } = options;
    connect({
      ...(sessionHandlers as Handlers<any>),
      open(socket) {
        const session = new Session(socket, limits);
        socket.data = session;
        resolve(session.webSocket);
      },
      close(socket, info) {
        const session: Session | undefined = socket.data;
        if (session !== undefined) session.onClosed(info);
        else reject(signal?.aborted ? signal.reason : info.error);
      },
    });
  });
}
