/** Frames as RFC 6455 §5.2 draws them, written and read without any of the core's code. */
import { join } from './cuts.ts';

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A masking key that changes every byte, and every byte differently. */
export const KEY = [0x37, 0xfa, 0x21, 0x3d] as const;

export interface FrameSpec {
  opcode: number;
  /** Text is sent as UTF-8. Default: empty. */
  payload?: string | Uint8Array | readonly number[];
  /** Default true. */
  fin?: boolean;
  rsv1?: boolean;
  rsv2?: boolean;
  rsv3?: boolean;
  /** The masking key, or none. Default: none. */
  key?: readonly number[] | undefined;
  /** Which form the length takes, as bits: 7, 16 or 64. Default: the shortest that holds it. */
  lengthForm?: 7 | 16 | 64;
  /** The length that the header gives. Default: that of the payload. */
  length?: number | bigint;
}

/** The bytes of a frame. */
export function frame(spec: FrameSpec): Uint8Array {
  const payload = toPayload(spec.payload ?? '');
  const masked = payload.map((byte, i) => (spec.key === undefined ? byte : byte ^ spec.key[i % 4]));
  return join(header(spec), masked);
}

/** Its header alone, the masking key included. */
export function header(spec: FrameSpec): Uint8Array {
  const { fin = true, rsv1 = false, rsv2 = false, rsv3 = false, opcode, key } = spec;
  const length = BigInt(spec.length ?? toPayload(spec.payload ?? '').length);
  const form = spec.lengthForm ?? (length < 126n ? 7 : length < 65536n ? 16 : 64);
  const bits = form === 7 ? length : form === 16 ? 126n : 127n;
  const extended: number[] = [];
  for (let shift = form === 7 ? 0 : form; shift > 0; shift -= 8)
    extended.push(Number((length >> BigInt(shift - 8)) & 0xffn));
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0) | opcode;
  return Uint8Array.of(first, (key === undefined ? 0 : 0x80) | Number(bits), ...extended, ...(key ?? []));
}

/** The payload of a Close frame. */
export function closePayload(code: number, reason: string | Uint8Array = ''): Uint8Array {
  return join(Uint8Array.of(code >> 8, code & 0xff), toPayload(reason));
}

export interface ParsedFrame {
  opcode: number;
  fin: boolean;
  rsv1: boolean;
  masked: boolean;
  /** Unmasked. */
  payload: Uint8Array;
}

/** All frames in `bytes`. Throws for anything that is not a row of whole frames with the shortest lengths. */
export function parseFrames(bytes: Uint8Array): ParsedFrame[] {
  const frames: ParsedFrame[] = [];
  let at = 0;
  const take = (count: number): Uint8Array => {
    if (at + count > bytes.length) throw new Error(`a frame is cut at ${at}`);
    return bytes.subarray(at, (at += count));
  };
  while (at < bytes.length) {
    const [first, second] = take(2);
    if ((first & 0x30) !== 0) throw new Error(`RSV2 or RSV3 is set at ${at - 2}`);
    const bits = second & 0x7f;
    const extended = take(bits < 126 ? 0 : bits === 126 ? 2 : 8);
    const length = bits < 126 ? bits : extended.reduce((sum, byte) => sum * 256 + byte, 0);
    if (length < (bits < 126 ? 0 : bits === 126 ? 126 : 65536)) throw new Error(`not the shortest length at ${at}`);
    const masked = (second & 0x80) !== 0;
    const key = take(masked ? 4 : 0);
    const payload = take(length).map((byte, i) => (masked ? byte ^ key[i % 4] : byte));
    frames.push({ opcode: first & 0x0f, fin: (first & 0x80) !== 0, rsv1: (first & 0x40) !== 0, masked, payload });
  }
  return frames;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes that look like nothing in particular: the same ones for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function toPayload(payload: NonNullable<FrameSpec['payload']>): Uint8Array {
  return typeof payload === 'string' ? utf8(payload) : Uint8Array.from(payload);
}
