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
  readonly status: number;
  readonly statusText: string;
  readonly version: string;
  readonly headers: HeaderFields;
  readonly rawHeaders: readonly string[];
}

/** An HTTP response to send instead of a 101. Content-Length and Connection are the handshake's own. */
export interface Rejection {
  readonly status: number;
  readonly statusText?: string;
  readonly headers?: HeaderInit;
  readonly body?: string | Uint8Array;
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
  readonly name: string;
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
