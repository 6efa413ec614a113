import type { BytesLike, CloseInfo, PlainRequest, Rejection } from '../../protocol/index.ts';
import type { RefusalReason } from './decision.ts';

/** How far a client's opening handshake has come. */
export interface DialProgress {
  /** What it waits for: DNS, TCP, TLS, a proxy, the response. */
  readonly stage: string;
  /** The connection is open. */
  opened(): void;
  /** How long each of these took, in milliseconds. */
  durations(): Readonly<Record<string, number>>;
}

/** Why a message did not go out, or did not come in: the consumer is slow, or this side is closing. */
export type DropReason = 'slow' | 'closing';

/** Who looks on: what a driver tells of its sockets beside their handlers. It must not throw, and decides nothing. */
export interface Observer<S = any> {
  /** Server: a valid opening handshake has come. Client: one is sent. */
  onHandshake(socket: S): void;
  onOpen(socket: S): void;
  /** A message was received, or given to be sent. */
  onMessage(socket: S, message: string | BytesLike, sent: boolean): void;
  /**
   * A part of a message that is streamed was received, or given to be sent; `isLast` once the message is whole. An empty part
   * of a received message tells its kind.
   */
  onPart(socket: S, part: string | BytesLike, sent: boolean, isLast: boolean): void;
  /** A pong came, to a ping that was so many milliseconds before; NaN for one that nobody asked for. */
  onPong(socket: S, roundTrip: number): void;
  /** Sending is to wait, or may go on. */
  onBackpressure(socket: S, isWaiting: boolean): void;
  /** A message was dropped. */
  onDrop(socket: S, reason: DropReason): void;
  onClose(socket: S, info: CloseInfo): void;
  /** Somebody was turned away. */
  onRefused(
    request: PlainRequest | undefined,
    response: Rejection | undefined,
    reason: RefusalReason,
    socket?: S,
  ): void;
  /** A handler threw. */
  onError(socket: S, error: unknown): void;
}
