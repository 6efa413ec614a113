import type { Driver, ServerOptions } from '../handlers.ts';
import type { ConnectionHandler } from './serve-one.ts';
import { serverOf, type Server } from './server.ts';
import { Serving, type ErrorListener } from './serving.ts';
import { resolveSessionLimits, type PromiseOptions } from './session.ts';

/** The promise API's own options of a server, beside the driver's. */
export interface ServeOptions extends PromiseOptions {
  /**
   * Told what a handler threw or rejected with (but not when that is its own connection's normal end), and what failed
   * outside of any connection. Default: errors that are no `WebSocketError` are printed to the console.
   */
  onError?: ErrorListener;
}

/** The promise API's `listen` over a driver with options of type `S`. */
export interface Listen<S extends ServerOptions> {
  /**
   * Listens, and runs `handler` for each connection. When it returns the connection is closed with 1000; when it throws
   * or rejects, with 1011 or the code and reason of the `WebSocketError` that it threw, and `onError` is told. Resolves
   * once it listens, and rejects when it cannot.
   */
  (options: (S & ServeOptions) | number, handler: ConnectionHandler): Promise<Server>;
}

/** Makes `listen` from a driver's `serve`. */
export function createListen<S extends ServerOptions>(driver: Pick<Driver<any, S>, 'serve'>): Listen<S> {
  return async (portOrOptions, handler) => {
    const options = typeof portOrOptions === 'number' ? ({ port: portOrOptions } as unknown as S) : portOrOptions;
    const serving = servingOf(options, handler);
    return serverOf(await driver.serve(options, serving.handlers), serving);
  };
}

/**
 * The half of `listen` before there is a listener, for a driver's other ways to one: make it with the `handlers` of what
 * this returns, then join the two with `serverOf`. Throws a TypeError or RangeError for bad options.
 */
export function servingOf(options: ServerOptions & ServeOptions, handler: ConnectionHandler): Serving {
  if (typeof handler !== 'function') throw new TypeError('the handler must be a function');
  return new Serving(handler, resolveSessionLimits(options), options.onError);
}
