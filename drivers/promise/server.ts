import { allBut } from '../socket/broadcast.ts';
import { checkCloseOptions, type ServerCloseOptions } from '../socket/graceful-close.ts';
import type { BareListener, ListenAddress } from '../driver.ts';
import { INSPECT, type Inspect } from '../socket/inspect.ts';
import { broadcast, type BroadcastOptions } from './broadcast.ts';
import type { Data } from './data.ts';
import type { HandlerRunner } from './handler-runner.ts';
import type { WebSocket } from './websocket.ts';

let create: (listener: BareListener, runner: HandlerRunner) => Server;

/** The server in front of a listener. Its constructor is nobody else's to call. */
export function serverOf(listener: BareListener, runner: HandlerRunner): Server {
  return create(listener, runner);
}

/** A listening server, as `listen` and `attach` make it. */
export class Server {
  readonly #listener: BareListener;
  readonly #runner: HandlerRunner;
  readonly #closed: Promise<void>;

  static {
    create = (listener, runner) => new Server(listener, runner);
  }

  private constructor(listener: BareListener, runner: HandlerRunner) {
    this.#listener = listener;
    this.#runner = runner;
    this.#closed = listener.closed.then(() => runner.whenIdle());
  }

  /** Where it listens: address, port and family, or the path of a Unix socket; null when it doesn't any more. */
  get address(): ListenAddress {
    return this.#listener.address;
  }

  /** The port it listens on, the one that was found when 0 was asked for; 0 where there is none. */
  get port(): number {
    return this.#listener.port;
  }

  /** The URL that reaches it, e.g. `ws://127.0.0.1:8080`: without a path, which a server with the option `path` wants behind it. */
  get url(): string {
    return this.#listener.url;
  }

  /** The open connections. */
  get connections(): ReadonlySet<WebSocket> {
    return this.#runner.connections;
  }

  /**
   * Stops accepting, sends every connection a Close at once, waits for the handlers, and ends what is left when the time
   * is up. A handler that has not settled by then is not waited for any longer.
   *
   * Resolves when all is over. Safe to repeat; another `timeout` can only shorten the wait. Rejects with a TypeError or
   * RangeError for a bad code, reason or timeout, and nothing has happened then.
   */
  async close(given?: ServerCloseOptions): Promise<void> {
    const { code, reason, timeout } = checkCloseOptions(given);
    this.#runner.closeAll(code, reason, timeout);
    this.#listener.stopListening(timeout);
    return this.#closed;
  }

  /**
   * Replaces key and certificates while it runs, for connections to come; `context` is what `tls.createSecureContext`
   * takes. Throws a TypeError for a server without TLS.
   */
  setSecureContext(context: object): void {
    if (this.#listener.setSecureContext === undefined) throw new TypeError('this server has no TLS');
    this.#listener.setSecureContext(context);
  }

  /** Resolves when nothing listens any more, no connection is left, and every handler has returned or was given up. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /**
   * Sends a message to all open connections, as `broadcast` does, but for those that `except` names.
   * Resolves to how many it was sent to.
   */
  broadcast(message: Data, options?: BroadcastOptions & { except?: WebSocket | Iterable<WebSocket> }): Promise<number> {
    const { except, ...rest } = options ?? {};
    return broadcast(allBut(this.connections, except), message, rest);
  }

  /** What `JSON.stringify` and `console.log` show of it. */
  toJSON(): Record<string, unknown> {
    const { url, connections } = this;
    return { url, isListening: this.address !== null, connections: connections.size };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return `Server ${inspect(this.toJSON(), options)}`;
  }

  /** Closes with 1001 and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
