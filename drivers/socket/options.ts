import {
  type ConductOptions,
  ConnectionLostError,
  type HeaderInit,
  type LimitOptions,
  type PlainRequest,
  type UpgradeRequest,
} from '../../protocol/index.ts';
import {
  BOOLEAN,
  CONDUCT_OPTIONS,
  FUNCTION,
  LIMIT,
  LIMIT_OPTIONS,
  OBJECT,
  ORIGINS,
  SIGNAL,
  STRING,
  STRINGS,
  type OptionTable,
} from '../../protocol/internal.ts';
import type { AuthorizeContext, Decision, HttpResponse, RefusalReason } from './decision.ts';

/** The defaults of `sendHighWater` and `sendLimit`, in bytes. */
export const SEND_HIGH_WATER = 64 * 1024;

export const SEND_LIMIT = 16 * 1024 * 1024;

/** What a connection is ended with where more than that waits when more is sent. */
export function sendLimitPassed(sendLimit: number): ConnectionLostError {
  const text = `more than sendLimit, ${sendLimit} bytes, wait to be sent`;
  return new ConnectionLostError(text, { kind: 'send-limit' });
}

/** Options of both roles. Sizes are bytes, times milliseconds; zero or `false` turns a limit off. */
export interface SocketOptions extends LimitOptions, ConductOptions {
  /** `send` asks to wait above this many buffered bytes. Default 64 KiB. */
  sendHighWater?: number | false | undefined;
  /** The connection is ended when something is sent while more than this is buffered already. Default 16 MiB. */
  sendLimit?: number | false | undefined;
  /** Subprotocols: what a client offers, what a server knows, in order of preference. */
  subprotocols?: readonly string[] | undefined;
  /** More header fields for the request, or for the 101 response. */
  headers?: HeaderInit | undefined;
}

/** What every driver's `connect` takes. */
export interface ClientOptions extends SocketOptions {
  /**
   * Whether the opening handshake fails when `subprotocols` are offered and the server selects none, as it does in browsers.
   * Default true.
   */
  requireSubprotocol?: boolean | undefined;
  /** The Origin field to send. */
  origin?: string | undefined;
  /** Gives up the opening handshake. */
  signal?: AbortSignal | undefined;
}

/** What every driver's `serve` takes. */
export interface ServerOptions extends SocketOptions {
  /** Origins that may connect. Default: the origin of the same host, and requests without an Origin. */
  allowedOrigins?:
    readonly string[] | '*' | ((origin: string | undefined, request: UpgradeRequest) => boolean) | undefined;
  /** Selects one of the offered subprotocols; undefined selects none. Default: the first of `subprotocols` offered. */
  selectSubprotocol?(offered: readonly string[], request: UpgradeRequest): string | undefined;
  /**
   * Decides on a request, before the 101. Accepts with `true` or an Acceptance; refuses with `false` (403) or any response.
   * Anything else, nothing included, refuses with 500 and is reported as an error.
   */
  authorize?(request: UpgradeRequest, peer: AuthorizeContext): Decision | PromiseLike<Decision>;
  /**
   * Told of everybody who is turned away, with the response that they get: no request where none came whole, and neither
   * where the TLS handshake failed.
   */
  onRefused?(request: PlainRequest | undefined, response: HttpResponse | undefined, reason: RefusalReason): void;
  /**
   * Answers requests on the same port that ask for no WebSocket, a health check's say; the connection ends with the
   * response. `undefined` leaves them at the 426 (or 405) that they get otherwise.
   */
  onRequest?(
    request: PlainRequest,
    context: { signal: AbortSignal },
  ): HttpResponse | undefined | PromiseLike<HttpResponse | undefined>;
  /** Connections beyond this many are refused with 503. Default: no limit. */
  maxConnections?: number | false | undefined;
  /**
   * How many may be on their way to an open connection, or refused and not gone. Beyond as many that are waited for (for
   * the rest of their TLS handshake or of their request, or to hang up), the one that has been waited for longest is ended;
   * beyond as many that `authorize` or `onRequest` has not decided on, further ones are refused with 503. Default 4,096.
   */
  maxHandshakes?: number | false | undefined;
}

/** The options of a server whose `authorize` gives connections a context of this type. */
export type WithContext<Options extends { authorize?: unknown }, Context> = Omit<Options, 'authorize'> & {
  authorize?(
    request: UpgradeRequest,
    peer: Options extends { authorize?(request: UpgradeRequest, peer: infer P): unknown } ? P : AuthorizeContext,
  ): Decision<Context> | PromiseLike<Decision<Context>>;
};

/** Paths of requests: one, several, or a function that tells them. */
export type Paths = string | readonly string[] | ((path: string) => boolean);

// Every option of every function stands in a table, with what it may be: an option that is none is an error. A table that
// lacks a key of its type, or has one too many, does not compile.

export const SOCKET_OPTIONS: OptionTable<SocketOptions> = {
  ...LIMIT_OPTIONS,
  ...CONDUCT_OPTIONS,
  sendHighWater: LIMIT,
  sendLimit: LIMIT,
  subprotocols: STRINGS,
  headers: OBJECT,
};

export const CLIENT_OPTIONS: OptionTable<ClientOptions> = {
  ...SOCKET_OPTIONS,
  requireSubprotocol: BOOLEAN,
  origin: STRING,
  signal: SIGNAL,
};

export const SERVER_OPTIONS: OptionTable<ServerOptions> = {
  ...SOCKET_OPTIONS,
  allowedOrigins: ORIGINS,
  selectSubprotocol: FUNCTION,
  authorize: FUNCTION,
  onRequest: FUNCTION,
  onRefused: FUNCTION,
  maxConnections: LIMIT,
  maxHandshakes: LIMIT,
};
