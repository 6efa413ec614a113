/**
 * What a case runs over: a stream of bytes and a clock. The suite brings its own of both, so that it can judge any
 * implementation, over TCP (tcp.ts) and in memory (memory.ts).
 */
export interface Wire {
  /** Sends bytes, which are the wire's from now on. What is written in one turn may leave in one piece. */
  write(bytes: Uint8Array): void;
  /** Ends the stream, both ways, once everything written is out (TCP: FIN). `onGone` follows. */
  end(): void;
  /** Ends the stream at once and drops what was not sent (TCP: RST). `onGone` follows. */
  abort(): void;
}

/** Where a wire reports. No method is called inside a call of `write`, `end` or `abort`. */
export interface WireHandler {
  /** Bytes came. They are the handler's to keep, and may be written to. */
  onBytes(bytes: Uint8Array): void;
  /** The stream is over: the peer ended it, this side did, or it broke. The last call, exactly once. */
  onGone(): void;
}

/** Time. Seconds in cases, milliseconds here. */
export interface Timing {
  /** Milliseconds on a monotonic clock. */
  now(): number;
  /** Calls back in `milliseconds`; returns how to call that off. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Calls back in a turn of its own, after what was written in this one has left. */
  soon(callback: () => void): void;
}
