/** Field values by lower-case name: an object without a prototype. Repeated fields are joined, see `collectFields`. */
export type HeaderFields = Readonly<Record<string, string>>;

/** Fields to send: a record, or pairs when a name repeats. */
export type HeaderInit = Readonly<Record<string, string | readonly string[]>> | Iterable<readonly [string, string]>;

/** The head of an HTTP request: the request line and the fields. */
export interface RequestHead {
  /** 'GET', or over HTTP/2 'CONNECT'. */
  readonly method: string;
  /** The request target as it stood, RFC 9112 §3.2. */
  readonly target: string;
  /** '1.1' or '2' */
  readonly version: string;
  /** Names and values in turn, as they came; of HTTP/2 without the pseudo-header fields. */
  readonly rawHeaders: readonly string[];
}

/** A valid opening handshake, as a server sees it (RFC 6455 §4.2.1). */
export interface UpgradeRequest extends PlainRequest {
  /** The Origin field, if there is one. */
  readonly origin: string | undefined;
  /** The subprotocols that the client offered, in its order. */
  readonly subprotocols: readonly string[];
}

/** A request that asks for no WebSocket: well-formed, and without a body. */
export interface PlainRequest extends RequestHead {
  /** The resource: path and query, in origin-form (RFC 9112 §3.2.1) also where it came in absolute-form. */
  readonly target: string;
  /** Field values by lower-case name, an object without a prototype; repeated fields are joined with ", ". */
  readonly headers: HeaderFields;
  /** The path of the target, without the query. */
  readonly path: string;
  /** The query of the target, without the question mark; empty when there is none. */
  readonly query: string;
  /** The Host field, or `:authority`. */
  readonly host: string;
}

/** The head of an HTTP response. */
export interface ResponseHead {
  /** The status code. */
  readonly status: number;
  /** The reason phrase. */
  readonly statusText: string;
  /** The HTTP version, `'1.1'` say. */
  readonly version: string;
  /** Field values by lower-case name, an object without a prototype; repeated fields are joined with ", ". */
  readonly headers: HeaderFields;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** An HTTP response to send instead of a 101. Content-Length and Connection are the handshake's own. */
export interface Rejection {
  /** The status code, not 101. */
  readonly status: number;
  /** The reason phrase. Default: the usual one. */
  readonly statusText?: string | undefined;
  /** More fields; those that frame the response are the core's own. */
  readonly headers?: HeaderInit | undefined;
  /** The body: text as UTF-8, or bytes. */
  readonly body?: string | Uint8Array | undefined;
}

/**
 * Why a request was refused.
 *
 * - `'bad-request'`: it is no valid HTTP request, or no valid opening handshake.
 * - `'no-upgrade'`: it asks for no WebSocket.
 * - `'origin'`: `allowedOrigins` does not let its Origin in.
 * - `'path'`: nothing is served at its path.
 * - `'authorize'`: `authorize` said no.
 * - `'limit'`: `maxConnections` or `maxHandshakes` is reached.
 * - `'timeout'`: the request did not come, or was not decided on, within `handshakeTimeout`.
 * - `'closing'`: the server is being closed.
 * - `'error'`: a callback threw, or returned what it may not.
 * - `'tls'`: there was no request, for the TLS handshake failed.
 */
export type RefusalKind =
  'bad-request' | 'no-upgrade' | 'origin' | 'path' | 'authorize' | 'limit' | 'timeout' | 'closing' | 'error' | 'tls';

/** A refusal of the core's own. */
export interface Refusal {
  /** Why, in a word that does not change. */
  readonly kind: RefusalKind;
  /** What was answered. */
  readonly response: Rejection;
  /** The request, where it was one. */
  readonly request: PlainRequest | undefined;
  /** What `allowedOrigins` or `selectSubprotocol` threw, where that is why (`'error'`). */
  readonly cause?: unknown;
}

/** What the opening handshake came to. */
export interface Opening {
  /** The selected subprotocol, or an empty string. */
  readonly subprotocol: string;
  /** The value of Sec-WebSocket-Extensions that was agreed on, or an empty string. */
  readonly extensions: string;
  /** The request: the one received by a server, the one sent by a client. */
  readonly request: UpgradeRequest | undefined;
  /** The response: the one sent by a server, the one received by a client. */
  readonly response: ResponseHead | undefined;
}

/** One element of Sec-WebSocket-Extensions, RFC 6455 §9.1. Quoted values stand without their quotes. */
export interface ExtensionElement {
  /** The extension's name. */
  readonly name: string;
  /** Its parameters in order; undefined for one without a value. */
  readonly params: readonly (readonly [name: string, value: string | undefined])[];
}

/** An extension, as the opening handshake sees it. */
export interface ExtensionNegotiator {
  /** Its registered name. */
  readonly name: string;
  /** Client: what to offer, as it stands in the field. */
  offer(): string;
  /** Server: all offers of this name, in order. Returns the element to answer with, undefined to decline them all. */
  accept(offers: readonly ExtensionElement[]): string | undefined;
  /** Client: the server's answer. Returns what is wrong with it, or undefined. */
  confirm(answer: ExtensionElement): string | undefined;
}
