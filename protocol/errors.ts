/**
 * Why a connection ended, as typed errors.
 *
 * Two kinds never mix. What the peer or the network did wrong is one of these classes, delivered once in
 * `CloseInfo.error` and never thrown by the core. What the caller did wrong is a `TypeError`, a `RangeError` or, for a
 * call at the wrong time, an `InvalidStateError`, thrown before any state changes.
 */

/** What these codes mean, for the error texts. RFC 6455 §7.4.1 and the IANA registry. */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [1000, 'normal closure'],
  [1001, 'going away'],
  [1002, 'protocol error'],
  [1003, 'unsupported data'],
  [1005, 'no status received'],
  [1006, 'abnormal closure'],
  [1007, 'invalid payload data'],
  [1008, 'policy violation'],
  [1009, 'message too big'],
  [1010, 'mandatory extension'],
  [1011, 'internal error'],
  [1012, 'service restart'],
  [1013, 'try again later'],
  [1014, 'bad gateway'],
  [1015, 'TLS handshake'],
]);

export interface WebSocketErrorInit {
  /** The text; made of the code and the reason where it is left out. */
  message?: string;
  /** The error behind this one. */
  cause?: unknown;
}

/**
 * The end of a connection, as an error: the base class of them all.
 *
 * Thrown by a handler, it closes the connection with its code and reason.
 */
export class WebSocketError extends Error {
  /** The close code, RFC 6455 §7.4; 1006 when no Close frame was received. */
  readonly code: number;
  /** The reason in the Close frame; empty when there was none. */
  readonly reason: string;

  constructor(code: number, reason = '', init: WebSocketErrorInit = {}) {
    super(init.message ?? describe(code, reason), 'cause' in init ? { cause: init.cause } : undefined);
    this.code = code;
    this.reason = reason;
  }

  /** Whether this is a normal end: 1000, 1001 and 1005 (a Close frame without a code). */
  get isOk(): boolean {
    return isOkCode(this.code);
  }

  override get name(): string {
    return 'WebSocketError';
  }
}

/** Whether a connection with this close code has ended normally: 1000, 1001 and 1005 (a Close frame without a code). */
export function isOkCode(code: number): boolean {
  return code === 1000 || code === 1001 || code === 1005;
}

/** An HTTP response that was received instead of a 101. */
export interface FailedResponse {
  /** The status code. */
  readonly status: number;
  /** The reason phrase. */
  readonly statusText: string;
  /** Field values by lower-case name, an object without a prototype; repeated fields are joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** At most 64 KiB of the body. */
  readonly body: Uint8Array;
}

export interface HandshakeErrorInit extends WebSocketErrorInit {
  response?: FailedResponse | undefined;
  isTemporary?: boolean;
}

/** The opening handshake failed (RFC 6455 §4). `response` is there when the server answered with something but a 101. */
export class HandshakeError extends WebSocketError {
  readonly response: FailedResponse | undefined;
  /**
   * Whether the same attempt may succeed a little later: nobody was there, the connection was lost, or the server said so
   * (408, 429, most of 5xx). What is wrong with the request, the server's answer or its certificate stays wrong.
   */
  readonly isTemporary: boolean;

  constructor(message: string, init: HandshakeErrorInit = {}) {
    super(1006, '', { ...init, message });
    this.response = init.response;
    this.isTemporary = init.isTemporary ?? false;
  }

  override get name(): string {
    return 'HandshakeError';
  }
}

/** The peer broke the protocol or a limit; `code` is the one the connection was failed with (RFC 6455 §7.1.7). */
export class ProtocolError extends WebSocketError {
  override get name(): string {
    return 'ProtocolError';
  }
}

/** A deadline passed: opening, closing, or a pong that did not come. */
export class TimeoutError extends WebSocketError {
  constructor(message: string, init: WebSocketErrorInit = {}) {
    super(1006, '', { ...init, message });
  }

  override get name(): string {
    return 'TimeoutError';
  }
}

/** The transport ended without a closing handshake. */
export class ConnectionLostError extends WebSocketError {
  constructor(message: string, init: WebSocketErrorInit = {}) {
    super(1006, '', { ...init, message });
  }

  override get name(): string {
    return 'ConnectionLostError';
  }
}

/** A call at the wrong time: sending before the connection is open or after it was closed, say. The caller's mistake. */
export class InvalidStateError extends TypeError {
  override get name(): string {
    return 'InvalidStateError';
  }
}

function describe(code: number, reason: string): string {
  const meaning = MEANINGS.get(code) ?? (code >= 4000 ? 'private use' : code >= 3000 ? 'registered' : 'unknown');
  return reason === '' ? `${code} (${meaning})` : `${code} (${meaning}): ${printable(reason)}`;
}

/** A peer's words in an error text, which ends up in logs and terminals: nothing in them may steer either. */
function printable(words: string): string {
  return words.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
