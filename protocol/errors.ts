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

/**
 * What went wrong, as a word that stays the same when the text changes; docs/errors.md says of each what it comes from
 * and what to do about it.
 */
export type ErrorKind =
  | 'closed'
  | 'internal'
  | 'protocol'
  | FaultKind
  | 'open-timeout'
  | 'close-timeout'
  | 'pong-timeout'
  | 'slow-timeout'
  | 'lost'
  | 'terminated'
  | 'send-limit'
  | 'too-slow'
  | 'dns'
  | 'connect'
  | 'proxy'
  | 'tls'
  | 'http2'
  | 'response'
  | 'bad-response'
  | 'subprotocol'
  | 'aborted'
  | 'unexpected'
  | 'gave-up'
  | 'refused';

/** What a `WebSocketError` tells besides its code and reason. */
export interface WebSocketErrorInit {
  /** Default: what the class and the code say. */
  kind?: ErrorKind | undefined;
  /** The text; made of the code and the reason where it is left out. */
  message?: string | undefined;
  /** The error behind this one. */
  cause?: unknown | undefined;
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
  /** What went wrong, in a word that does not change. */
  readonly kind: ErrorKind;

  constructor(code: number, reason = '', init: WebSocketErrorInit = {}) {
    super(init.message ?? describe(code, reason), 'cause' in init ? { cause: init.cause } : undefined);
    this.code = code;
    this.reason = reason;
    this.kind = init.kind ?? 'closed';
  }

  /** Whether this is a normal end: 1000, 1001 and 1005 (a Close frame without a code). */
  get isOk(): boolean {
    return isOkCode(this.code);
  }

  /** What `JSON.stringify` makes of it, for a log: no stack, and of a response the status alone. */
  toJSON(): Record<string, unknown> {
    const { name, kind, code, reason, message, cause } = this;
    const why = isError(cause) ? `${cause.name}: ${cause.message}` : cause;
    return { name, kind, code, reason, message, ...(why === undefined ? {} : { cause: why }) };
  }

  override get name(): string {
    return 'WebSocketError';
  }
}

/** Whether this is an error, of another realm too: in Jest, Node's own are. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** Whether a connection with this close code has ended normally: 1000, 1001 and 1005 (a Close frame without a code). */
export function isOkCode(code: number): boolean {
  return code === 1000 || code === 1001 || code === 1005;
}

/** An HTTP response that the opening handshake failed with: no 101, or one that is wrong. */
export interface FailedResponse {
  /** The status code. */
  readonly status: number;
  /** The reason phrase. */
  readonly statusText: string;
  /** Field values by lower-case name, an object without a prototype; repeated fields are joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, as they came: each Set-Cookie by itself. */
  readonly rawHeaders: readonly string[];
  /** At most 64 KiB of the body; empty for a 101, which has none. */
  readonly body: Uint8Array;
}

/** What a `HandshakeError` tells besides. */
export interface HandshakeErrorInit extends WebSocketErrorInit {
  /** What the server answered. */
  response?: FailedResponse | undefined;
  /** Default false. */
  isTemporary?: boolean | undefined;
}

/**
 * The opening handshake failed (RFC 6455 §4). `response` is there when the server has answered: with something but a 101, or
 * with a 101 that does not answer the request.
 */
export class HandshakeError extends WebSocketError {
  /** What the server answered, where it did. */
  readonly response: FailedResponse | undefined;
  /**
   * Whether the same attempt may succeed a little later: nobody was there, the connection was lost, or the server said so
   * (408, 429, most of 5xx). What is wrong with the request, the server's answer or its certificate stays wrong.
   */
  readonly isTemporary: boolean;

  constructor(message: string, init: HandshakeErrorInit = {}) {
    super(1006, '', { ...init, kind: init.kind ?? 'bad-response', message });
    this.response = init.response;
    this.isTemporary = init.isTemporary ?? false;
  }

  override toJSON(): Record<string, unknown> {
    const { isTemporary, response } = this;
    return { ...super.toJSON(), isTemporary, ...(response === undefined ? {} : { status: response.status }) };
  }

  override get name(): string {
    return 'HandshakeError';
  }
}

/**
 * Which rule or limit a peer broke, as a word to tell them apart by:
 *
 * - `'rsv1'`, `'rsv2-rsv3'`: a reserved bit is set. `'opcode'`: one that is reserved, or that may not come here.
 * - `'fin'`: a fragmented control frame. `'control-length'`: one that is too long, or a Close frame of one byte.
 * - `'mask-missing'`, `'mask'`: a client's frame without a mask, a server's with one.
 * - `'length-form'`, `'length'`: a length that is not in its shortest form, or that no number can hold.
 * - `'message-size'`, `'fragments'`: the limits `maxMessageSize` and `maxFragments`.
 * - `'utf8'`: text, or the reason of a Close frame, that is not UTF-8. `'inflate'`: a message that does not inflate.
 * - `'close-code'`: a Close frame with a code that may not be sent.
 * - `'flood'`: bytes that go on coming after the end, or in spite of a pause.
 */
export type FaultKind =
  | 'rsv1'
  | 'rsv2-rsv3'
  | 'opcode'
  | 'fin'
  | 'control-length'
  | 'mask-missing'
  | 'mask'
  | 'length-form'
  | 'length'
  | 'message-size'
  | 'fragments'
  | 'utf8'
  | 'inflate'
  | 'close-code'
  | 'flood';

/** What a `ProtocolError` tells besides. */
export interface ProtocolErrorInit extends Omit<WebSocketErrorInit, 'kind'> {
  /** Default `'protocol'`. */
  kind?: FaultKind | undefined;
  /** What was found instead of what may be. */
  found?: number | undefined;
}

/** The peer broke the protocol or a limit; `code` is the one the connection was failed with (RFC 6455 §7.1.7). */
export class ProtocolError extends WebSocketError {
  /** Which rule or limit; `'protocol'` where nothing says. `cause` is the codec's own error where a message does not inflate. */
  declare readonly kind: FaultKind | 'protocol';
  /** What was found instead of what may be: the opcode, the length of a control frame, the close code. */
  readonly found: number | undefined;

  constructor(code: number, reason = '', init: ProtocolErrorInit = {}) {
    super(code, reason, { ...init, kind: init.kind ?? 'protocol' });
    this.found = init.found;
  }

  override get name(): string {
    return 'ProtocolError';
  }
}

/** A timer that ended a connection: the option that set it, and its value in milliseconds. */
export interface ExpiredTimer {
  /** The option that sets this timer. */
  readonly option: 'handshakeTimeout' | 'pongTimeout' | 'closeTimeout' | 'slowTimeout';
  /** To what it was set, in milliseconds. */
  readonly value: number;
}

/** What a `TimeoutError` tells besides. */
export interface TimeoutErrorInit extends WebSocketErrorInit {
  /** Which timer it was, with its value. */
  timer?: ExpiredTimer | undefined;
}

/** A deadline passed: opening, closing, or a pong that did not come. */
export class TimeoutError extends WebSocketError {
  /** Which timer it was, with its value. */
  readonly timer: ExpiredTimer | undefined;

  constructor(message: string, init: TimeoutErrorInit = {}) {
    super(1006, '', { ...init, kind: init.kind ?? 'open-timeout', message });
    this.timer = init.timer;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), ...(this.timer === undefined ? {} : { timer: this.timer }) };
  }

  override get name(): string {
    return 'TimeoutError';
  }
}

/** Nothing came within `timeout` of a keepalive's ping. */
export function pongTimedOut(timeout: number): TimeoutError {
  const text = `no pong, nor anything else, came within ${timeout} ms of a ping (pongTimeout)`;
  return new TimeoutError(text, { kind: 'pong-timeout', timer: { option: 'pongTimeout', value: timeout } });
}

/** The closing handshake was not over within `timeout`. */
export function closingTimedOut(timeout: number): TimeoutError {
  const text = `the closing handshake did not end within ${timeout} ms (closeTimeout)`;
  return new TimeoutError(text, { kind: 'close-timeout', timer: { option: 'closeTimeout', value: timeout } });
}

/** This side has ended the transport: because of this error, or one of whoever else's. */
export function terminated(cause?: unknown): WebSocketError {
  if (cause instanceof WebSocketError) return cause;
  return new ConnectionLostError('terminated', { ...causedBy(cause), kind: 'terminated' });
}

/**
 * The end of the transport of an open connection, before it was to come: `what` has happened, because of `cause`. Where the peer's
 * Close frame had come, it was ours that could not leave any more.
 */
export function connectionLost(what: string, cause: unknown, hasCloseFrame = false): ConnectionLostError {
  const when = hasCloseFrame ? 'before our Close frame had left' : 'without a Close frame';
  return new ConnectionLostError(`${what}${systemCode(cause)} ${when}`, causedBy(cause));
}

/** The same during the opening handshake. */
export function openingLost(what: string, cause: unknown, isTemporary: boolean): HandshakeError {
  const text = `${what}${systemCode(cause)} before the connection was open`;
  return new HandshakeError(text, { ...causedBy(cause), isTemporary, kind: 'lost' });
}

function causedBy(cause: unknown): { cause?: unknown } {
  return cause === undefined ? {} : { cause };
}

/** The code of a system's error, which is safe to repeat: its text may have what the peer sent in it. */
export function systemCode(cause: unknown): string {
  const code = (cause as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? ` (${code})` : '';
}

/** The transport ended without a closing handshake. */
export class ConnectionLostError extends WebSocketError {
  constructor(message: string, init: WebSocketErrorInit = {}) {
    super(1006, '', { ...init, kind: init.kind ?? 'lost', message });
  }

  override get name(): string {
    return 'ConnectionLostError';
  }
}

/** Waiting took too long: the caller's patience has ended, and nothing else. The connection goes on. */
export class WaitTimeoutError extends Error {
  /** How long was waited, in milliseconds. */
  readonly timeout: number;
  /** A word that does not change. */
  readonly kind: 'wait-timeout';

  constructor(timeout: number, text = `no message came within ${timeout} ms; the connection goes on`) {
    super(text);
    this.timeout = timeout;
    this.kind = 'wait-timeout';
  }

  override get name(): string {
    return 'WaitTimeoutError';
  }
}

/** A call at the wrong time: sending before the connection is open or after it was closed, say. The caller's mistake. */
export class InvalidStateError extends TypeError {
  /** A word that does not change. */
  get kind(): 'invalid-state' {
    return 'invalid-state';
  }

  override get name(): string {
    return 'InvalidStateError';
  }
}

function describe(code: number, reason: string): string {
  const meaning = MEANINGS.get(code) ?? (code >= 4000 ? 'private use' : code >= 3000 ? 'registered' : 'unknown');
  return reason === '' ? `${code} (${meaning})` : `${code} (${meaning}): ${printable(reason)}`;
}

/** A peer's words in an error text, which ends up in logs and terminals: nothing in them may steer either. */
export function printable(words: string): string {
  return words.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
