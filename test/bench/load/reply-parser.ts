import { FIN, RSV1, TEXT } from '../wire/frames.ts';

/** Counts the unmasked, unfragmented text messages of one connection, in whatever pieces they come. */
export class ReplyParser {
  /** Complete ones; the owner resets it. */
  messages = 0;
  /** The replies since the start, where they are kept. */
  readonly kept: { compressed: boolean; payload: Buffer }[] = [];
  private readonly keep: boolean;
  private readonly head = Buffer.alloc(10);
  private headLength = 0;
  /** Payload bytes of this frame still to come; -1 in the header. */
  private left = -1;
  private parts: Buffer[] = [];

  constructor(keep: boolean) {
    this.keep = keep;
  }

  /** Whether the last byte taken ended a frame. */
  get between(): boolean {
    return this.left === -1 && this.headLength === 0;
  }

  take(bytes: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.left === -1) {
        this.head[this.headLength++] = bytes[at++]!;
        if (!this.headComplete()) continue;
      }
      const end = Math.min(length, at + this.left);
      if (this.keep && end > at) this.parts.push(Buffer.from(bytes.subarray(at, end)));
      this.left -= end - at;
      at = end;
      if (this.left === 0) this.complete();
    }
  }

  private headComplete(): boolean {
    const { head } = this;
    if (this.headLength === 1 && (head[0]! & ~RSV1) !== (FIN | TEXT)) {
      throw new Error(`a reply begins with ${head[0]!.toString(16)}, which is no text in a single frame`);
    }
    if (this.headLength < 2) return false;
    const short = head[1]!;
    if (short < 126) this.left = short;
    else if (short === 126 && this.headLength === 4) this.left = head.readUInt16BE(2);
    else if (short === 127 && this.headLength === 10) this.left = Number(head.readBigUInt64BE(2));
    else if (short > 127) throw new Error('a reply is masked');
    return this.left !== -1;
  }

  private complete(): void {
    if (this.keep) this.kept.push({ compressed: (this.head[0]! & RSV1) !== 0, payload: Buffer.concat(this.parts) });
    this.parts = [];
    this.messages++;
    this.headLength = 0;
    this.left = -1;
  }
}
