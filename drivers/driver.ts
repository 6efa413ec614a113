import type { OptionTable } from '../protocol/internal.ts';
import type { ListenerBroadcast } from './socket/broadcast.ts';
import type { ServerCloseOptions } from './socket/graceful-close.ts';
import type { Handlers, Socket } from './socket/socket.ts';
import type { ClientOptions, ServerOptions } from './socket/options.ts';

/** The event face of a driver: what the promise API and the WHATWG faces stand on. */
export interface Driver<C extends ClientOptions = ClientOptions, S extends ServerOptions = ServerOptions> {
  /** What `connect` takes, to check the options of faces against. */
  readonly clientOptions: OptionTable<C>;
  /** What `serve` takes. */
  readonly serverOptions: OptionTable<S>;
  /** Opens a connection. Misuse throws (SyntaxError for a bad URL); everything else comes as `close`. */
  connect(url: string | URL, options: C, handlers: Handlers<any>): Socket<any>;
  /** Listens. Rejects when that fails. */
  serve(options: S, handlers: Handlers<any>): Promise<BareListener>;
}

/** What faces need of a listener. */
export interface BareListener {
  /** Where it listens: an address with a port, the path of a Unix socket, or null once it doesn't. */
  readonly address: ListenAddress;
  /** The port, or 0 where there is none. */
  readonly port: number;
  /** The URL that reaches it, e.g. ws://127.0.0.1:8080. */
  readonly url: string;
  /** The open connections. */
  readonly connections: ReadonlySet<Socket>;
  /**
   * Stops accepting; connections go on. Whoever is not in, on the way or turned away and still there, has `timeout` milliseconds,
   * if any are given. Safe to repeat.
   */
  stopListening(timeout?: number): void;
  /** Replaces key and certificates, for connections to come, where there is TLS. */
  setSecureContext?(context: object): void;
  /** Resolves when nothing listens any more and no connection is left. */
  readonly closed: Promise<void>;
}

/** What a driver's `serve` resolves to, once it listens. */
export interface Listener extends BareListener {
  /** Sends a message to all open connections, as `broadcast` does, but for those that `except` names. */
  readonly broadcast: ListenerBroadcast;
  /**
   * Stops accepting, sends every connection a Close (1001) at once, and ends what is left when `timeout` (10 s) is up.
   * Resolves when nothing is left. Safe to repeat; another `timeout` can only shorten the wait. Rejects with a TypeError or
   * RangeError for a bad code, reason or timeout, and nothing has happened then.
   */
  close(options?: ServerCloseOptions): Promise<void>;
  /** Closes with 1001 and waits for the end: `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Where a server listens: an address with a port, the path of a Unix socket, or null when it doesn't. */
export type ListenAddress =
  { readonly address: string; readonly family: string; readonly port: number } | string | null;
