import type { CloseInfo } from './closing/close-info.ts';
import type { ProtocolError } from './errors.ts';
import type { Opening, PlainRequest, Refusal, Rejection, UpgradeRequest } from './handshake/types.ts';

/**
 * Where a connection's events go: methods that it calls directly, so that no object is made for an event.
 *
 * Inside a method, the connection's `send…`, `ping`, `pong`, `close`, `terminate`, `accept`, `reject`, `pause`, `stopReading`,
 * `resume` and `streamNext` may be called; `receive`, `receiveEof`, `receiveHead`, `receiveFields`, `outputLost`, `transportLost`,
 * `handleTimeout`, `handleDeflated` and `conclude` may not. What a method throws comes out of the call that led to it, and the
 * connection goes on after that event as if nothing had happened.
 *
 * Bytes are lent until the method returns, unless `owned` says that they are the sink's to keep.
 */
export interface Sink {
  /**
   * Server: a valid opening handshake has arrived (RFC 6455 §4.2.1). Answer it with `accept` or `reject`, now or later;
   * the open deadline runs on.
   */
  onRequest(request: UpgradeRequest): void;
  /**
   * Server: a request has come that asks for no WebSocket. Answer it with `reject`, now or later: with `refusal`, which is
   * what happens without this method, or with any other response (a health check's).
   */
  onPlainRequest?(request: PlainRequest, refusal: Rejection): void;
  /** Server: a request was refused, or what came instead of one, by the core itself and not by `reject`. */
  onRefused?(refusal: Refusal): void;
  /** The connection is open; `opening` tells what was negotiated. */
  onOpen(opening: Opening): void;
  /** A whole TEXT message. */
  onText(text: string): void;
  /** A whole TEXT message, where `text: 'bytes'` asks for it as bytes: they are UTF-8. */
  onTextBytes?(bytes: Uint8Array, owned: boolean): void;
  /** A whole BINARY message. */
  onBinary(bytes: Uint8Array, owned: boolean): void;
  /** A message asked for with `streamNext` begins. */
  onMessageStart(binary: boolean): void;
  /**
   * Its next piece, never empty: a string when it is TEXT, cut between code points; bytes, cut anywhere, when it is BINARY
   * or asked for as bytes.
   */
  onMessageChunk(chunk: string | Uint8Array, owned: boolean): void;
  /** It is whole. */
  onMessageEnd(): void;
  /** A ping; its pong is already on its way (RFC 6455 §5.5.2). */
  onPing(payload: Uint8Array): void;
  /**
   * A pong. `id` is what `ping` returned for the newest of the pings that it answers (a pong answers the earlier ones
   * too, §5.5.3) and `roundTrip` that ping's time in milliseconds; an unsolicited pong has id 0 and a roundTrip of 0.
   */
  onPong(payload: Uint8Array, id: number, roundTrip: number): void;
  /**
   * No message comes any more: the peer's Close frame has arrived, or it broke a rule. Return `true` to put off what
   * follows from that (the Close frame sent in return, `onCloseFrame`, the transport's end) until you call `conclude`: what
   * came before it can then still be answered. Not asked once this side has sent its own Close frame.
   */
  onEnding?(): boolean;
  /**
   * A message was deflated off the thread (`asyncAbove`): call `handleDeflated`, and then do what is done after every call.
   * This is the only method that is called from outside of any call. Without it, every message is deflated on the spot.
   */
  onDeflated?(): void;
  /**
   * The peer has broken a rule or a limit, and the connection is failed for it (RFC 6455 §7.1.7): the Close frame is on its
   * way. `onClosed` names this error again, if nothing went wrong before.
   */
  onFault?(error: ProtocolError): void;
  /** The peer's Close frame has arrived: no message comes after it. 1005 stands for a Close frame without a code. */
  onCloseFrame(code: number, reason: string): void;
  /** The end, exactly once, and the last call. Every connection that was made gets it, opened or not. */
  onClosed(info: CloseInfo): void;
}
