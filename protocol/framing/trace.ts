/** A frame on its way, without its payload. */
export interface TracedFrame {
  /** Whether it was sent; otherwise it was received. */
  readonly sent: boolean;
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv1: boolean;
  /** Bytes of payload. */
  readonly length: number;
}

/** Who is told of every frame, for debugging. */
export type FrameTrace = (frame: TracedFrame) => void;
