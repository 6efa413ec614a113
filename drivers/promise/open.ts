import { checkOptions, nameOf, type OptionTable } from '../../protocol/internal.ts';
import { reasonOf } from '../socket/abort.ts';
import { recapture } from '../socket/error-place.ts';
import type { Driver } from '../driver.ts';
import type { Handlers } from '../socket/socket.ts';
import type { ClientOptions } from '../socket/options.ts';
import { Deferred } from './deferred.ts';
import { runClientHandler, type ConnectionHandler } from './run-handler.ts';
import { PROMISE_OPTIONS, resolveSessionLimits, Session, sessionHandlers, type PromiseOptions } from './session.ts';
import type { WebSocket } from './websocket.ts';

/** The promise API's `open` over a driver with options of type `C`. */
export interface Open<C extends ClientOptions> {
  /**
   * Opens a connection (RFC 6455 §4.1). Rejects with the `WebSocketError` that tells why it could not be opened: a
   * `HandshakeError`, with the response where there was one; a `TimeoutError` after `handshakeTimeout`. Rejects with the
   * signal's reason when `signal` fires before the connection is open (it has no say afterwards), with a SyntaxError for
   * a bad URL, and with a TypeError or RangeError for bad options. A list in the place of the options is one of
   * subprotocols.
   */
  (url: string | URL, options?: (C & PromiseOptions) | readonly string[]): Promise<WebSocket>;
  /**
   * Opens a connection, runs `handler` and closes: with 1000 when it has returned, with 1011 when it has thrown, or with
   * the code and reason of the `WebSocketError` that it threw. After the closing handshake it resolves to what the
   * handler returned, or rejects with what it threw.
   */
  <T>(url: string | URL, handler: ConnectionHandler<T>): Promise<T>;
  <T>(url: string | URL, options: (C & PromiseOptions) | readonly string[], handler: ConnectionHandler<T>): Promise<T>;
}

/** Makes `open` from a driver's `connect`. */
export function createOpen<C extends ClientOptions>(
  driver: Pick<Driver<C, any>, 'connect' | 'clientOptions'>,
): Open<C> {
  const table = { ...driver.clientOptions, ...PROMISE_OPTIONS } as OptionTable<C & PromiseOptions>;
  async function open(
    url: string | URL,
    optionsOrHandler?: (C & PromiseOptions) | readonly string[] | ConnectionHandler,
    handlerAfterOptions?: ConnectionHandler,
  ): Promise<unknown> {
    checkHandlerIsLast('open(url, options, handler)', optionsOrHandler, handlerAfterOptions);
    const handler = typeof optionsOrHandler === 'function' ? optionsOrHandler : handlerAfterOptions;
    const given = typeof optionsOrHandler === 'function' ? undefined : optionsOrHandler;
    if (handler !== undefined && typeof handler !== 'function') {
      throw new TypeError(`the handler must be a function, not ${nameOf(handler)}`);
    }
    const options = checkOptions('open', table, isList(given) ? ({ subprotocols: given } as C) : given);
    const webSocket = await whenOpen(options, (handlers) => driver.connect(url, options, handlers));
    return handler === undefined ? webSocket : runClientHandler(webSocket, handler);
  }
  return open as Open<C>;
}

/** Throws a TypeError for options behind the handler: they would be passed over. `call` is how it goes. */
export function checkHandlerIsLast(call: string, optionsOrHandler: unknown, behindIt: unknown): void {
  if (typeof optionsOrHandler !== 'function' || behindIt === undefined) return;
  throw new TypeError(`the handler is the last argument: ${call}`);
}

function withStack(error: unknown): unknown {
  recapture(error);
  return error;
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}

/**
 * Waits for a socket to open: what `open` does over a `connect`, for a driver's other ways to a socket. `connect` is to
 * make a socket with these handlers.
 */
export function whenOpen(
  options: ClientOptions & PromiseOptions,
  connect: (handlers: Handlers<any>) => unknown,
): Promise<WebSocket> {
  const opened = new Deferred<WebSocket>();
  try {
    const limits = resolveSessionLimits(options);
    const { signal } = options;
    connect({
      ...(sessionHandlers as Handlers<any>),
      open(socket) {
        const session = new Session(socket, limits);
        socket.data = session;
        opened.resolve(session.webSocket);
      },
      close(socket, info) {
        const session: Session | undefined = socket.data;
        if (session !== undefined) session.onClosed(info);
        else opened.rejectWhereAwaited(() => (signal?.aborted ? reasonOf(signal) : withStack(info.error)));
      },
    });
  } catch (error) {
    // What is wrong with an option may be found so deep down that the caller's line is not in the stack.
    opened.reject(withStack(error));
  }
  return opened.promise;
}
