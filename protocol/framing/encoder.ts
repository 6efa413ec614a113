import type { Outbox } from '../memory/outbox.ts';
import type { BlockPool } from '../memory/block-pool.ts';
import { ASCII_SLACK, type TextCodec } from '../text/text-codec.ts';
import type { Masker } from './masking.ts';
import { CONTINUATION, FIN, MASKED, MAX_HEADER, RSV1 } from './opcodes.ts';
import type { FrameTrace, TracedFrame } from './trace.ts';

/**
 * Payloads up to this many bytes are copied into the slab, behind their header; longer ones go by reference. A
 * reference costs two more entries in the write (itself, and the header that follows), a copy costs its length: between
 * 2 and 4 KiB a copy was still a quarter to a third cheaper where 16 messages leave at once, and no dearer where one does.
 */
export const COPY_UP_TO = 4096;

/** Text of up to this many code units gets room for three bytes each in the slab; longer text is measured first. */
const GUESS_UP_TO = 1024;

/** Text of up to this many bytes is encoded into the slab, which it must fit well. */
export const SLAB_TEXT_UP_TO = 32 * 1024;

/** What encoders work with. */
export interface EncoderParts {
  /** Masking keys, a fresh one a frame. */
  readonly keys: { next(): number };
  readonly text: TextCodec;
  readonly masker: Masker;
  readonly blocks: BlockPool;
  readonly allocate: (size: number) => Uint8Array;
}

/**
 * Frames into bytes, RFC 6455 §5.2, straight into an outbox. A client's payload is masked with a fresh key a frame
 * (§5.3); the caller's bytes are never changed. It remembers nothing, so that one serves all connections of a role.
 */
export class FrameEncoder {
  readonly #parts: EncoderParts;
  /** Whether these are the frames of a client. */
  readonly isMasking: boolean;
  readonly #trace: FrameTrace | undefined;

  constructor(parts: EncoderParts, mask: boolean, trace?: FrameTrace) {
    this.#parts = parts;
    this.isMasking = mask;
    this.#trace = trace;
  }

  /**
   * A frame with these bytes. Over `COPY_UP_TO` an unmasked payload goes by reference: it must not change until written.
   * Up to there it is read by index and by `set` alone: it need not be plain where its `length` is given.
   */
  bytes(
    outbox: Outbox,
    opcode: number,
    payload: Uint8Array,
    fin: boolean,
    rsv1: boolean,
    length = payload.length,
  ): void {
    const first = firstByte(opcode, fin, rsv1);
    if (length > COPY_UP_TO) return this.#large(outbox, first, payload, this.#memoryFor(length));
    const at = outbox.reserve(MAX_HEADER + length);
    const slab = outbox.slab;
    const body = at + this.#headerLength(length);
    if (length < 32) for (let i = 0; i < length; i++) slab[body + i] = payload[i];
    else slab.set(payload, body);
    this.#finish(outbox, first, at, body, length);
  }

  /** The same in frames of at most `most` bytes, and of more than none: all of them or, where there is no memory for one, none. */
  frames(outbox: Outbox, opcode: number, payload: Uint8Array, fin: boolean, rsv1: boolean, most: number): void {
    const { length } = payload;
    const memory: (Uint8Array | undefined)[] = [];
    for (let at = 0; at < length; at += most) memory.push(this.#memoryFor(Math.min(most, length - at)));
    memory.forEach((masked, i) => {
      const part = payload.subarray(i * most, (i + 1) * most);
      const [code, compressed] = i === 0 ? [opcode, rsv1] : [CONTINUATION, false];
      const ends = fin && i === memory.length - 1;
      if (part.length > COPY_UP_TO) this.#large(outbox, firstByte(code, ends, compressed), part, masked);
      else this.bytes(outbox, code, part, ends, compressed);
    });
  }

  /**
   * What a payload of so many bytes is masked into, if it has memory of its own. It is asked for before anything is written: a
   * header without its payload would be the end of all frames.
   */
  #memoryFor(length: number): Uint8Array | undefined {
    return this.isMasking && length > COPY_UP_TO ? this.#parts.blocks.lendOutput(length) : undefined;
  }

  /** A payload that is too long for the slab, masked into this memory if there is any. */
  #large(outbox: Outbox, first: number, payload: Uint8Array, masked: Uint8Array | undefined): void {
    const { length } = payload;
    if (masked === undefined) {
      this.#header(outbox, first, length, 0);
      return outbox.push(payload);
    }
    const key = this.#parts.keys.next();
    this.#header(outbox, first, length, key);
    this.#parts.masker.copy(payload, 0, length, masked, 0, key);
    outbox.push(masked);
  }

  /** A frame with this text in UTF-8. */
  text(outbox: Outbox, opcode: number, text: string, fin: boolean): void {
    const units = text.length;
    if (units > GUESS_UP_TO) return this.#measuredText(outbox, opcode, text, fin);
    const at = outbox.reserve(MAX_HEADER + 3 * units);
    const slab = outbox.slab;
    // Most text is ASCII: the header is given the room that it needs then, and the payload moved when it is not.
    const guess = at + this.#headerLength(units);
    const length = encodeText(this.#parts.text, text, slab, guess);
    const body = at + this.#headerLength(length);
    if (body !== guess) slab.copyWithin(body, guess, guess + length);
    this.#finish(outbox, firstByte(opcode, fin, false), at, body, length);
  }

  /** A frame that was encoded before, for connections that do not mask. */
  encoded(outbox: Outbox, frame: Uint8Array): void {
    this.#trace?.(traced(frame[0], frame.length - headerLength(frame[1])));
    if (outbox.pushPrepared(frame)) return;
    if (frame.length > COPY_UP_TO) return outbox.push(frame);
    const at = outbox.reserve(frame.length);
    outbox.slab.set(frame, at);
    outbox.commit(frame.length);
  }

  /**
   * Text too long for the slab has memory of its own, which is masked in place. It is not lent: where long strings are
   * the only large garbage, they are given back to the kernel at every collection, and the next ones mapped anew.
   */
  #measuredText(outbox: Outbox, opcode: number, text: string, fin: boolean): void {
    const codec = this.#parts.text;
    const first = firstByte(opcode, fin, false);
    if (codec.encodeAscii !== undefined && this.#longAscii(outbox, codec, first, text)) return;
    const length = codec.byteLength(text);
    if (length <= SLAB_TEXT_UP_TO) {
      const at = outbox.reserve(MAX_HEADER + length);
      const body = at + this.#headerLength(length);
      codec.encode(text, outbox.slab, body, length);
      this.#finish(outbox, first, at, body, length);
      return;
    }
    const payload = this.#parts.allocate(length);
    codec.encode(text, payload, 0, length);
    this.#push(outbox, first, payload, length);
  }

  /** Such text if it is ASCII, in one pass. Returns whether it was: if not, nothing has been sent. */
  #longAscii(outbox: Outbox, codec: TextCodec, first: number, text: string): boolean {
    const { length } = text;
    if (length <= SLAB_TEXT_UP_TO) {
      const at = outbox.reserve(MAX_HEADER + length + ASCII_SLACK);
      const body = at + this.#headerLength(length);
      if (!codec.encodeAscii!(text, outbox.slab, body)) return false;
      this.#finish(outbox, first, at, body, length);
      return true;
    }
    const payload = this.#parts.allocate(length + ASCII_SLACK);
    if (!codec.encodeAscii!(text, payload, 0)) return false;
    this.#push(outbox, first, payload.subarray(0, length), length);
    return true;
  }

  /** A frame whose payload is ours, and is masked in place. */
  #push(outbox: Outbox, first: number, payload: Uint8Array, length: number): void {
    const key = this.isMasking ? this.#parts.keys.next() : 0;
    this.#header(outbox, first, length, key);
    if (this.isMasking) this.#parts.masker.apply(payload, 0, length, key, 0);
    outbox.push(payload);
  }

  /** The header of a payload that lies elsewhere. */
  #header(outbox: Outbox, first: number, length: number, key: number): void {
    const at = outbox.reserve(MAX_HEADER);
    const end = this.#writeHeader(outbox.slab, first, at, length, key);
    outbox.commit(end - at);
  }

  /** The header before a payload that lies in the slab already, its mask, and the end of both. */
  #finish(outbox: Outbox, first: number, at: number, body: number, length: number): void {
    const key = this.isMasking ? this.#parts.keys.next() : 0;
    this.#writeHeader(outbox.slab, first, at, length, key);
    if (this.isMasking) this.#parts.masker.apply(outbox.slab, body, body + length, key, 0);
    outbox.commit(body + length - at);
  }

  #headerLength(length: number): number {
    return (length < 126 ? 2 : 4) + (this.isMasking ? 4 : 0);
  }

  #writeHeader(slab: Uint8Array, first: number, at: number, length: number, key: number): number {
    const masked = this.isMasking ? MASKED : 0;
    this.#trace?.(traced(first, length));
    let next = at + 2;
    slab[at] = first;
    if (length < 126) {
      slab[at + 1] = masked | length;
    } else if (length < 0x10000) {
      slab[at + 1] = masked | 126;
      slab[at + 2] = length >> 8;
      slab[at + 3] = length & 0xff;
      next = at + 4;
    } else {
      slab[at + 1] = masked | 127;
      let rest = length;
      for (let i = 9; i >= 2; i--) {
        slab[at + i] = rest & 0xff;
        rest = Math.floor(rest / 256);
      }
      next = at + 10;
    }
    if (!this.isMasking) return next;
    slab[next] = key & 0xff;
    slab[next + 1] = (key >> 8) & 0xff;
    slab[next + 2] = (key >> 16) & 0xff;
    slab[next + 3] = key >>> 24;
    return next + 4;
  }
}

/** How long the header of an unmasked frame is, by its second byte. */
function headerLength(second: number): number {
  return second < 126 ? 2 : second === 126 ? 4 : 10;
}

function traced(first: number, length: number): TracedFrame {
  return { sent: true, opcode: first & 0x0f, fin: (first & FIN) !== 0, rsv1: (first & RSV1) !== 0, length };
}

function firstByte(opcode: number, fin: boolean, rsv1: boolean): number {
  return (fin ? FIN : 0) | (rsv1 ? RSV1 : 0) | opcode;
}

/** Below this many code units a loop beats the codec's call. */
const LOOP_UP_TO = 32;

function encodeText(codec: TextCodec, text: string, bytes: Uint8Array, at: number): number {
  const units = text.length;
  if (units > LOOP_UP_TO) return codec.encode(text, bytes, at);
  for (let i = 0; i < units; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return codec.encode(text, bytes, at);
    bytes[at + i] = unit;
  }
  return units;
}
