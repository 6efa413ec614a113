/**
 * The suite's own frame codec (RFC 6455 §5.2). It writes any frame, right or wrong, and reads what the peer sends
 * without an opinion: what is wrong with a frame, the endpoint says. It shares no code with what it judges.
 */
export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface FrameHead {
  readonly opcode: number;
  readonly fin: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly rsv: number;
  readonly length: number;
  /** The masking key, where the frame is masked. */
  readonly key: Uint8Array | undefined;
  /** Of a frame that was read: whether its length stood in the shortest form, as it must. */
  readonly shortest?: boolean;
}

/** The octets of a frame's head. Nothing is checked; the length takes its shortest form. */
export function encodeHead(head: FrameHead): Uint8Array {
  const bytes = new Uint8Array(headSize(head));
  writeHead(head, bytes);
  return bytes;
}

function headSize({ length, key }: FrameHead): number {
  return (length < 126 ? 2 : length < 65536 ? 4 : 10) + (key === undefined ? 0 : 4);
}

function writeHead({ opcode, fin, rsv, length, key }: FrameHead, bytes: Uint8Array): void {
  bytes[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  let size = 2;
  let short = length;
  if (length > 125) {
    short = length < 65536 ? 126 : 127;
    size = length < 65536 ? 4 : 10;
    for (let i = size - 1, rest = length; i > 1; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  }
  bytes[1] = (key === undefined ? 0 : 0x80) | short;
  if (key !== undefined) bytes.set(key, size);
}

/** A whole frame: head and payload, masked with `head.key` if there is one. `payload` is left as it is. */
export function encodeFrame(head: FrameHead, payload: Uint8Array): Uint8Array {
  const size = headSize(head);
  const bytes = new Uint8Array(size + payload.length);
  writeHead(head, bytes);
  bytes.set(payload, size);
  if (head.key !== undefined) mask(bytes.subarray(size), head.key, 0);
  return bytes;
}

/** Masks or unmasks in place (§5.3); `offset` is where in the payload these bytes lie. */
export function mask(bytes: Uint8Array, key: Uint8Array, offset: number): void {
  const { length } = bytes;
  let i = 0;
  // Four octets at a time, where there are many: the suite is to take little of the time that it measures.
  if (length >= 64) {
    while ((bytes.byteOffset + i) & 3) bytes[i]! ^= key[(offset + i++) & 3]!;
    const start = bytes.byteOffset + i;
    const words = new Int32Array(bytes.buffer, start, (length - i) >> 2);
    const turned = Uint8Array.from({ length: 4 }, (_, k) => key[(offset + i + k) & 3]!);
    const word = new Int32Array(turned.buffer)[0]!;
    for (let k = 0; k < words.length; k++) words[k]! ^= word;
    i += 4 * words.length;
  }
  for (; i < length; i++) bytes[i]! ^= key[(offset + i) & 3]!;
}

/** Where a reader reports what it has read. Returning `false` stops the reader for good. */
export interface FrameHandler {
  onHead(head: FrameHead): boolean;
  /** A piece of the payload, unmasked; never empty. */
  onPayload(bytes: Uint8Array): boolean;
  onFrameEnd(): boolean;
}

/** Takes a stream of bytes apart into frames. */
export class FrameReader {
  private readonly handler: FrameHandler;
  private pending: Uint8Array;
  private head: FrameHead | undefined;
  /** How much of the payload was read. */
  private position: number;
  private stopped: boolean;

  constructor(handler: FrameHandler) {
    this.handler = handler;
    this.pending = new Uint8Array(0);
    this.head = undefined;
    this.position = 0;
    this.stopped = false;
  }

  /** Reads on. The bytes are the reader's from now on: it unmasks in place. */
  push(bytes: Uint8Array): void {
    if (this.stopped) return;
    this.pending = this.pending.length === 0 ? bytes : joinBytes([this.pending, bytes]);
    while (!this.stopped && this.step()) {
      // as far as the bytes go
    }
  }

  private step(): boolean {
    if (this.head === undefined) {
      const head = this.takeHead();
      if (head === undefined) return false;
      this.head = head;
      this.position = 0;
      this.stopped = !this.handler.onHead(head);
      return true;
    }
    const head = this.head;
    const rest = head.length - this.position;
    if (rest > 0) {
      if (this.pending.length === 0) return false;
      const payload = this.pending.subarray(0, Math.min(rest, this.pending.length));
      this.pending = this.pending.subarray(payload.length);
      if (head.key !== undefined) mask(payload, head.key, this.position);
      this.position += payload.length;
      this.stopped = !this.handler.onPayload(payload);
      if (this.stopped || payload.length < rest) return !this.stopped;
    }
    this.head = undefined;
    this.stopped = !this.handler.onFrameEnd();
    return true;
  }

  private takeHead(): FrameHead | undefined {
    const bytes = this.pending;
    if (bytes.length < 2) return undefined;
    const short = bytes[1]! & 0x7f;
    const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
    const masked = (bytes[1]! & 0x80) !== 0;
    const size = 2 + extended + (masked ? 4 : 0);
    if (bytes.length < size) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, size);
    this.pending = bytes.subarray(size);
    const length = extended === 0 ? short : extended === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
    return {
      opcode: bytes[0]! & 0x0f,
      fin: (bytes[0]! & 0x80) !== 0,
      rsv: (bytes[0]! >> 4) & 7,
      length,
      key: masked ? bytes.slice(size - 4, size) : undefined,
      shortest: extended === 0 || (extended === 2 ? length > 125 : length > 65535),
    };
  }
}

/** One array of them all. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.length;
  }
  return bytes;
}
