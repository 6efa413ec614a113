import { checkOptions, FUNCTION, nameOf, type OptionTable } from '../../protocol/internal.ts';
import type { Driver } from '../driver.ts';
import type { ServerOptions, WithContext } from '../socket/options.ts';
import { recapture } from '../socket/error-place.ts';
import type { ConnectionHandler } from './run-handler.ts';
import { serverOf, type Server } from './server.ts';
import { HandlerRunner, type ErrorListener } from './handler-runner.ts';
import { PROMISE_OPTIONS, resolveSessionLimits, type PromiseOptions } from './session.ts';

/** The promise API's own options of a server, beside the driver's. */
export interface ServeOptions extends PromiseOptions {
  /**
   * Told what a handler threw or rejected with (but not when that is its own connection's normal end), and what failed
   * outside of any connection. Default: errors that are no `WebSocketError` are printed to the console.
   */
  onError?: ErrorListener | undefined;
}

export const SERVE_OPTIONS: OptionTable<ServeOptions> = { ...PROMISE_OPTIONS, onError: FUNCTION };

/** The promise API's `listen` over a driver with options of type `S`. */
export interface Listen<S extends ServerOptions> {
  /**
   * Listens, and runs `handler` for each connection. When it returns the connection is closed with 1000; when it throws
   * or rejects, with 1011 or the code and reason of the `WebSocketError` that it threw, and `onError` is told. Resolves
   * once it listens, and rejects when it cannot.
   */
  <Context = unknown>(
    options: (WithContext<S, Context> & ServeOptions) | number | `${number}`,
    handler: ConnectionHandler<unknown, Context>,
  ): Promise<Server>;
}

/** Makes `listen` from a driver's `serve`. */
export function createListen<S extends ServerOptions>(
  driver: Pick<Driver<any, S>, 'serve' | 'serverOptions'>,
): Listen<S> {
  const table = { ...driver.serverOptions, ...SERVE_OPTIONS } as OptionTable<S & ServeOptions>;
  return async (portOrOptions, handler) => {
    refuseServer(portOrOptions);
    if (typeof portOrOptions !== 'object' && typeof handler === 'object' && handler !== null) {
      throw new TypeError('listen: a port beside other options is one of them: listen({ port: 8080, … }, handler)');
    }
    const given = (typeof portOrOptions === 'object' ? portOrOptions : { port: portOrOptions }) as S & ServeOptions;
    const options = checkOptions('listen', table, given);
    const runner = handlerRunnerOf(options, handler as ConnectionHandler);
    try {
      return serverOf(await driver.serve(options, runner.handlers), runner);
    } catch (error) {
      // Of the system, far from any line of the caller's.
      recapture(error);
      throw error;
    }
  };
}

/** An HTTP server in the place of the options: another function takes those. */
function refuseServer(options: unknown): void {
  if (typeof (options as { listen?: unknown } | null | undefined)?.listen !== 'function') return;
  throw new TypeError(
    'listen makes a server of its own: attach(httpServer, options, handler) serves the upgrades of yours',
  );
}

/**
 * The half of `listen` before there is a listener, for a driver's other ways to one: make it with the `handlers` of what
 * this returns, then join the two with `serverOf`. Throws a TypeError or RangeError for bad options.
 */
export function handlerRunnerOf(options: ServerOptions & ServeOptions, handler: ConnectionHandler): HandlerRunner {
  if (typeof handler !== 'function') throw new TypeError(`the handler must be a function, not ${nameOf(handler)}`);
  return new HandlerRunner(handler, resolveSessionLimits(options), options.onError);
}
