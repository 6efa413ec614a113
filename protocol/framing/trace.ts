/** A frame on its way, without its payload. */
export interface TracedFrame {
  /** Whether it was sent; otherwise it was received. */
  readonly sent: boolean;
  /** RFC 6455 §5.2: 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly opcode: number;
  /** Whether it ends its message. */
  readonly fin: boolean;
  /** Whether it begins a compressed message. */
  readonly rsv1: boolean;
  /** Bytes of payload. */
  readonly length: number;
}

/** Who is told of every frame, for debugging. */
export type FrameTrace = (frame: TracedFrame) => void;
