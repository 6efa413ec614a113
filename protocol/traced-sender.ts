import type { BytesLike } from './data.ts';
import type { FrameTrace, TracedFrame } from './framing/trace.ts';
import type { Limits } from './limits.ts';
import type { PreparedMessage } from './prepared.ts';
import type { Resources } from './resources.ts';
import { Sender } from './sender.ts';

/**
 * A sender whose frames are traced, each once all of its message, or of its fragment, is written. While a frame is under way the
 * encoder has a place in the slab, and the codec has lent its payload: a trace that sends something by another connection would
 * be given both.
 */
export class TracedSender extends Sender {
  /** What has been written and not told. */
  readonly #written: TracedFrame[];
  readonly #tell: FrameTrace;

  constructor(resources: Resources, mask: boolean, limits: Limits, tell: FrameTrace) {
    const written: TracedFrame[] = [];
    super(resources, mask, limits, (frame) => written.push(frame));
    this.#written = written;
    this.#tell = tell;
  }

  override text(text: string | BytesLike, compress: boolean): void {
    this.#traced(() => super.text(text, compress));
  }

  override binary(data: BytesLike, compress: boolean): void {
    this.#traced(() => super.binary(data, compress));
  }

  override prepared(message: PreparedMessage, compress: boolean): void {
    this.#traced(() => super.prepared(message, compress));
  }

  override fragment(data: string | BytesLike, fin: boolean, compress: boolean, asText: boolean): void {
    this.#traced(() => super.fragment(data, fin, compress, asText));
  }

  override ping(payload: Uint8Array): void {
    this.#traced(() => super.ping(payload));
  }

  override pong(payload: Uint8Array): void {
    this.#traced(() => super.pong(payload));
  }

  override close(code: number, reason: string): void {
    this.#traced(() => super.close(code, reason));
  }

  #traced(write: () => void): void {
    try {
      write();
    } finally {
      for (const frame of this.#written.splice(0)) this.#tell(frame);
    }
  }
}
