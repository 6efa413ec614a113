import type { CloseInfo, ProtocolError } from '../../protocol/index.ts';
import { checkMethodNames, checkMethods, type MethodTable, nameOf } from '../../protocol/internal.ts';

/** Where a connection is in its life. */
export type SocketState = 'connecting' | 'open' | 'closing' | 'closed';

/** By `Phase`. */
export const SOCKET_STATES: readonly SocketState[] = ['connecting', 'open', 'closing', 'closed'];

/**
 * The event face: one set of callbacks for all connections. What a callback throws closes its connection with 1011 and
 * is reported to `error` (and nowhere else: nothing is ever thrown out of the library).
 */
export interface SocketHandlers<S> {
  /** The connection is open: the first call. */
  open?(socket: S): void;
  /** A whole message: a string for TEXT (bytes with `text: 'bytes'`), bytes for BINARY. The bytes are yours to keep. */
  message?(socket: S, data: string | Uint8Array, binary: boolean): void;
  /** A ping came; it is already answered, unless `autoPong` is off. The bytes are lent until the call returns. */
  ping?(socket: S, payload: Uint8Array): void;
  /** A pong came. `id` is what `socket.ping` returned (0 for an unsolicited one), `roundTrip` is in milliseconds. */
  pong?(socket: S, payload: Uint8Array, id: number, roundTrip: number): void;
  /** `bufferedAmount` went over the high-water mark and is back at zero. */
  drain?(socket: S): void;
  /**
   * No message follows: the peer's Close frame came, or it broke a rule. Return `true` to put off what that leads to (the
   * Close frame in return, `closeFrame`, `close`) until the promises that can settle by now have run: what they send still
   * leaves first. For handlers that answer in async functions; without it, what they send after an `await` is lost when
   * message and Close frame came in one read.
   */
  ending?(socket: S): boolean;
  /**
   * The peer broke a rule or a limit: `error.kind` says which. The connection is being failed with `error.code` (RFC 6455
   * §7.1.7) and no message follows. `close` comes when the transport has ended too.
   */
  fault?(socket: S, error: ProtocolError): void;
  /** The peer's Close frame came: no message follows. `close` comes when the transport has ended too. */
  closeFrame?(socket: S, code: number, reason: string): void;
  /** The end, exactly once for every socket, opened or not. A failed opening has its HandshakeError in `info.error`. */
  close?(socket: S, info: CloseInfo): void;
  /** A callback of these threw, or (on a server, without a socket) something failed outside of any connection. */
  error?(error: unknown, socket?: S): void;
  /** A message asked for with `socket.streamNext()`, in pieces; bytes are yours to keep. */
  messageStart?(socket: S, binary: boolean): void;
  /** A piece of the message that `messageStart` has told of: a string of TEXT, bytes of BINARY, yours to keep. */
  messageChunk?(socket: S, chunk: string | Uint8Array): void;
  /** That message is whole. */
  messageEnd?(socket: S): void;
}

/** Every handler there is: a table that lacks one doesn't compile. */
const HANDLERS: Readonly<Record<keyof SocketHandlers<any>, true>> = {
  ...{ open: true, message: true, ping: true, pong: true, drain: true, ending: true, fault: true, closeFrame: true },
  ...{ close: true, error: true, messageStart: true, messageChunk: true, messageEnd: true },
};

const TABLE: MethodTable = {
  known: 'the handler',
  unknown: 'unknown handler',
  names: Object.keys(HANDLERS),
  elsewhere: new Map([
    ['connection', 'open'],
    ['opened', 'open'],
    ['connected', 'open'],
    ['data', 'message'],
    ['disconnect', 'close'],
    ['disconnected', 'close'],
    ['closed', 'close'],
    ['end', 'close'],
    ['errors', 'error'],
    ['drained', 'drain'],
    ['closing', 'closeFrame'],
  ]),
};

/** Sets of handlers that were looked at: one serves many connections. */
const checked = new WeakSet<object>();

/**
 * Throws a TypeError for handlers of the function `of` that are no functions, or that are called otherwise here (`onmessage`).
 * What else an object has is its own.
 */
export function checkHandlers(of: string, handlers: SocketHandlers<any>): void {
  if (typeof handlers !== 'object' || handlers === null) {
    throw new TypeError(`${of}: the handlers must be an object of functions, not ${nameOf(handlers)}`);
  }
  if (checked.has(handlers)) return;
  checkMethods(of, TABLE, handlers);
  checkMethodNames(of, TABLE, handlers);
  checked.add(handlers);
}
