import { checkClose, portableText } from '../../protocol/index.ts';
import type { ListenAddress, Listener } from '../handlers.ts';
import { checkTimeout } from './give-up.ts';
import type { Serving } from './serving.ts';
import type { WebSocket } from './websocket.ts';

export interface ServerCloseOptions {
  /** The close code for the connections. Default 1001, going away. */
  code?: number;
  /** The reason that goes with it. Default: none. */
  reason?: string;
  /**
   * How long the connections and their handlers have, in milliseconds; then what is left is ended. Default 10 s; 0 ends
   * them now; `Infinity` or `false` gives them all the time they take.
   */
  timeout?: number | false;
}

const DEFAULT_TIMEOUT = 10_000;

let create: (listener: Listener, serving: Serving) => Server;

/** The server in front of a listener. Its constructor is nobody else's to call. */
export function serverOf(listener: Listener, serving: Serving): Server {
  return create(listener, serving);
}

/** A listening server, as `listen` and `attach` make it. */
export class Server {
  readonly #listener: Listener;
  readonly #serving: Serving;
  readonly #closed: Promise<void>;

  static {
    create = (listener, serving) => new Server(listener, serving);
  }

  private constructor(listener: Listener, serving: Serving) {
    this.#listener = listener;
    this.#serving = serving;
    this.#closed = listener.closed.then(() => serving.whenIdle());
  }

  /** Where it listens: address, port and family, or the path of a Unix socket; null when it doesn't any more. */
  get address(): ListenAddress {
    return this.#listener.address;
  }

  /** The port it listens on, the one that was found when 0 was asked for; 0 where there is none. */
  get port(): number {
    return this.#listener.port;
  }

  /** The URL that reaches it, e.g. `ws://127.0.0.1:8080`. */
  get url(): string {
    return this.#listener.url;
  }

  /** The open connections. */
  get connections(): ReadonlySet<WebSocket> {
    return this.#serving.connections;
  }

  /**
   * Stops accepting, sends every connection a Close at once, waits for the handlers, and ends what is left when the time
   * is up. A handler that has not settled by then is not waited for any longer.
   *
   * Resolves when all is over. Safe to repeat; another `timeout` can only shorten the wait. Rejects with a TypeError or
   * RangeError for a bad code, reason or timeout, and nothing has happened then.
   */
  async close(options: ServerCloseOptions = {}): Promise<void> {
    const timeout = checkTimeout(options.timeout, DEFAULT_TIMEOUT);
    const { code = 1001, reason = '' } = options;
    checkClose(code, reason, portableText);
    this.#serving.sayGoodbye(code, reason, timeout);
    this.#listener.stopListening();
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

  /** Closes with 1001 and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
