import type {
  CloseInfo,
  LimitOptions,
  PlainRequest,
  Rejection,
  HeaderInit,
  UpgradeRequest,
} from '../protocol/index.ts';
import type { Socket } from './socket.ts';

/**
 * The event face: one set of callbacks for all connections. What a callback throws closes its connection with 1011 and
 * is reported to `error` (and nowhere else: nothing is ever thrown out of the library).
 */
export interface Handlers<Data = unknown> {
  /** The connection is open: the first call. */
  open?(socket: Socket<Data>): void;
  /** A whole message: a string for TEXT, bytes for BINARY. The bytes are yours to keep. */
  message?(socket: Socket<Data>, data: string | Uint8Array): void;
  /** A ping came; it is already answered. The bytes are lent until the call returns. */
  ping?(socket: Socket<Data>, payload: Uint8Array): void;
  /** A pong came. `id` is what `socket.ping` returned (0 for an unsolicited one), `roundTrip` is in milliseconds. */
  pong?(socket: Socket<Data>, payload: Uint8Array, id: number, roundTrip: number): void;
  /** `bufferedAmount` went over the high-water mark and is back at zero. */
  drain?(socket: Socket<Data>): void;
  /**
   * No message follows: the peer's Close frame came, or it broke a rule. Return `true` to put off what that leads to (the
   * Close frame in return, `closing`, `close`) until the promises that can settle by now have run: what they send still
   * leaves first. For handlers that answer in async functions; without it, what they send after an `await` is lost when
   * message and Close frame came in one read.
   */
  ending?(socket: Socket<Data>): boolean;
  /** The peer's Close frame came: no message follows. `close` comes when the transport has ended too. */
  closing?(socket: Socket<Data>, code: number, reason: string): void;
  /** The end, exactly once for every socket, opened or not. A failed opening has its HandshakeError in `info.error`. */
  close?(socket: Socket<Data>, info: CloseInfo): void;
  /** A callback of these threw, or (on a server, without a socket) something failed outside of any connection. */
  error?(error: unknown, socket?: Socket<Data>): void;
  /** A message asked for with `socket.streamNext()`, in pieces; bytes are yours to keep. */
  messageStart?(socket: Socket<Data>, binary: boolean): void;
  messageChunk?(socket: Socket<Data>, chunk: string | Uint8Array): void;
  messageEnd?(socket: Socket<Data>): void;
}

/** Options of both roles. Sizes are bytes, times milliseconds; zero or `false` turns a limit off. */
export interface SocketOptions extends LimitOptions {
  /** `send` asks to wait above this many buffered bytes. Default 64 KiB. */
  sendHighWater?: number | false;
  /** The connection is ended when something is sent while more than this is buffered already. Default 16 MiB. */
  sendLimit?: number | false;
  /** Subprotocols: what a client offers, what a server knows, in order of preference. */
  subprotocols?: readonly string[];
  /** More header fields for the request, or for the 101 response. */
  headers?: HeaderInit;
}

/** What every driver's `connect` takes. */
export interface ClientOptions extends SocketOptions {
  /** The Origin field to send. */
  origin?: string;
  /** Gives up the opening handshake. */
  signal?: AbortSignal;
}

/** How `authorize` accepts: more fields for the 101, and what `socket.context` is to be. */
export interface Acceptance {
  headers?: HeaderInit;
  context?: unknown;
  /** Takes the place of `selectSubprotocol` for this connection; must be one that was offered. */
  subprotocol?: string;
}

/** What every driver's `serve` takes. */
export interface ServerOptions extends SocketOptions {
  /** Origins that may connect. Default: the origin of the same host, and requests without an Origin. */
  allowedOrigins?: readonly string[] | '*' | ((origin: string | undefined, request: UpgradeRequest) => boolean);
  /** Selects one of the offered subprotocols; undefined selects none. Default: the first of `subprotocols` offered. */
  selectSubprotocol?(offered: readonly string[], request: UpgradeRequest): string | undefined;
  /**
   * Decides on a request, before the 101. Accepts with nothing, `true` or an Acceptance; refuses with `false` (403) or
   * any response. The signal fires when the client is gone or the deadline has passed.
   */
  authorize?(request: UpgradeRequest, context: { signal: AbortSignal }): Decision | PromiseLike<Decision>;
  /**
   * Answers requests on the same port that ask for no WebSocket, a health check's say; the connection ends with the
   * response. `undefined` leaves them at the 426 (or 405) that they get otherwise.
   */
  onRequest?(
    request: PlainRequest,
    context: { signal: AbortSignal },
  ): HttpResponse | undefined | PromiseLike<HttpResponse | undefined>;
  /** Connections beyond this many are refused with 503. Default: no limit. */
  maxConnections?: number | false;
  /**
   * How many may be on their way to an open connection, or refused and not gone. Beyond as many that are waited for (for
   * the rest of their TLS handshake or of their request, or to hang up), the one that has been waited for longest is ended;
   * beyond as many that `authorize` or `onRequest` has not decided on, further ones are refused with 503. Default 4,096.
   */
  maxHandshakes?: number | false;
}

/** A whole HTTP response. */
export type HttpResponse = Rejection;

export type Decision = void | boolean | Acceptance | Rejection;

/** Where a server listens: an address with a port, the path of a Unix socket, or null when it doesn't. */
export type ListenAddress =
  { readonly address: string; readonly family: string; readonly port: number } | string | null;

/** What a driver's `serve` resolves to, once it listens. */
export interface Listener {
  /** Where it listens: an address with a port, the path of a Unix socket, or null once it doesn't. */
  readonly address: ListenAddress;
  /** The port, or 0 where there is none. */
  readonly port: number;
  /** The URL that reaches it, e.g. ws://127.0.0.1:8080. */
  readonly url: string;
  /** The open connections. */
  readonly connections: ReadonlySet<Socket>;
  /** Stops accepting; connections go on. */
  stopListening(): void;
  /** Replaces key and certificates, for connections to come, where there is TLS. */
  setSecureContext?(context: object): void;
  /** Resolves when nothing listens any more and no connection is left. */
  readonly closed: Promise<void>;
}

/** The event face of a driver: what the promise API and the WHATWG faces stand on. */
export interface Driver<C extends ClientOptions = ClientOptions, S extends ServerOptions = ServerOptions> {
  /** Opens a connection. Misuse throws (SyntaxError for a bad URL); everything else comes as `close`. */
  connect(url: string | URL, options: C, handlers: Handlers<any>): Socket<any>;
  /** Listens. Rejects when that fails. */
  serve(options: S, handlers: Handlers<any>): Promise<Listener>;
}

/** The defaults of `sendHighWater` and `sendLimit`, in bytes. */
export const SEND_HIGH_WATER = 64 * 1024;
export const SEND_LIMIT = 16 * 1024 * 1024;
