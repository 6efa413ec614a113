/**
 * What carries the bytes of one connection: a driver supplies it, the pump uses it.
 *
 * A transport decides nothing. It moves bytes, in order, and says when there is room, when the peer has ended and when
 * it is gone.
 */
export interface Transport {
  /**
   * Sends these chunks, in order. They are the transport's until it has sent them.
   * Returns whether they have all left its hands before it returned, so that their memory may be used again at once.
   */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Bytes that were written and have not left this process. */
  readonly bufferedAmount: number;
  /** Ends the sending side once everything written is out (TCP: FIN). */
  end(): void;
  /** Ends both sides now and drops what was not sent; `onLost` follows. Safe to repeat. */
  abort(): void;
  /**
   * A transport that is a stream of HTTP/2 has this: it opens the stream (a client's) or answers it (a server's) with
   * these fields, names and values in turn, before anything is written. RFC 8441 §5
   */
  writeFields?(fields: readonly string[]): void;
  /** Stops `onData` until `resume`. */
  pause(): void;
  /** Reads on. */
  resume(): void;
}

/** Where a transport reports: the pump implements it. No method is called inside a call of `write`, `end` or `abort`. */
export interface TransportHandler {
  /** Whether an event is being told, so that nothing else can be: what a handler's own call brings about has to wait. */
  readonly isBusy?: boolean;
  /** Bytes have come. They are lent: they may be written to and are forgotten when the call returns. */
  onData(bytes: Uint8Array): void;
  /** @internal The same for the first `length` bytes of a buffer that the transport has made, reads into and shows nobody. */
  onRead?(buffer: Uint8Array, length: number): void;
  /** Over HTTP/2: the fields of a response have come, and END_STREAM with them or not. */
  onFields?(fields: readonly string[], isEnd: boolean): void;
  /** What was buffered is sent: `bufferedAmount` is zero again. */
  onDrain(): void;
  /**
   * A write failed: nothing that was written, or is from here on, leaves any more, and nobody holds it. What the peer has
   * sent before is still brought, and then `onEnd` or `onLost`. A transport that can't go on reading doesn't call this.
   */
  onWriteFailed?(error: Error): void;
  /** Just before `onLost`, if at all: nobody holds what was written and not sent, so that its memory may be used again. */
  onReleased?(): void;
  /** The peer ended its sending side (TCP: FIN). */
  onEnd(): void;
  /** One of the transport's own steps threw: the connection ends with that cause, and aborts the transport. */
  failed?(error: unknown): void;
  /**
   * The transport is gone, with the error that took it if one did. The last call, exactly once. `isTemporary` is `false`
   * where another attempt would end likewise: the peer has refused this side's certificate, say.
   */
  onLost(error: Error | undefined, isTemporary?: boolean): void;
}
