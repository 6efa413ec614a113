import { Buffer, isAscii, isUtf8 } from 'node:buffer';
import process from 'node:process';
import { TextDecoder } from 'node:util';
import type { TextCodec } from '../../../protocol/index.ts';
import { ASCII_SLACK, decodeShortAscii, decodeThrough, portableText, SHORT_ASCII } from '../../../protocol/internal.ts';
import type { WasmMasker } from './wasm-masker.ts';

// Node's natives take any Uint8Array for `this`; calling them so saves a Buffer for each message.
const natives = Buffer.prototype as unknown as Partial<{
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, at: number): number;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, at: number, most?: number): number;
}>;
const { latin1Slice, latin1Write, ucs2Slice, utf8Write } = natives as Required<typeof natives>;

/**
 * Which of Node's natives are the fastest depends on the release: from Node 24 on they decode all of UTF-8 with SIMD, and Node 24
 * and 25 take long to measure a string of one-byte characters.
 */
const release = Number.parseInt(process.versions.node, 10);
const DECODES_QUICKLY = release >= 24;
const MEASURES_QUICKLY = release < 24 || release > 25;

/**
 * UTF-8 by Node's natives, each where it was measured to be the fastest (`npm run bench -- --rows text,cjk`). What is
 * not ASCII is decoded in JavaScript up to Node 22: V8 takes three to four times as long, and validates with a second pass.
 */
const nativeText: TextCodec = {
  decode(bytes, start, end) {
    const span = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    if (isAscii(span)) return latin1Slice.call(bytes, start, end);
    if (DECODES_QUICKLY && end - start >= DECODE_FROM) return decodeWhole(span);
    return decodeThrough(units, bytes, start, end, unitsToText);
  },
  decodeAscii(bytes, start, end) {
    return end - start <= SHORT_ASCII ? decodeShortAscii(bytes, start, end) : latin1Slice.call(bytes, start, end);
  },
  isValid(bytes, start, end) {
    return isUtf8(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  },
  byteLength: (text) => Buffer.byteLength(text),
  encode(text, bytes, at, length) {
    if (length === undefined && text.length < MEASURE_FROM) return utf8Write.call(bytes, text, at);
    // An ASCII string is copied as it is; to find out that it is one costs less than to encode it.
    const isAsciiText = (length ?? Buffer.byteLength(text)) === text.length;
    return isAsciiText ? latin1Write.call(bytes, text, at) : utf8Write.call(bytes, text, at);
  },
  encodeAscii(text, bytes, at) {
    const { length } = text;
    // Text that is not ASCII is seldom so at every one of these places.
    for (let i = 0; i < length; i += (length >> 3) + 1) if (text.charCodeAt(i) > 0x7f) return false;
    if (length > MEASURE_UP_TO || !MEASURES_QUICKLY) {
      return utf8Write.call(bytes, text, at, length + ASCII_SLACK) === length;
    }
    if (Buffer.byteLength(text) !== length) return false;
    latin1Write.call(bytes, text, at);
    return true;
  },
};

/** From this many bytes on, a call of Node's decoder is worth it. */
const DECODE_FROM = 96;

/** From this many code units on, a string is looked through for ASCII before it is encoded. */
const MEASURE_FROM = 1500;

/** Up to this many, looking through it and copying is quicker than encoding it at once. */
const MEASURE_UP_TO = 64 * 1024;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeWhole(span: Uint8Array): string | undefined {
  try {
    return decoder.decode(span);
  } catch (error) {
    // Other runtimes have no code for that; a string may be too long, besides.
    if (isUtf8(span)) throw error;
    return undefined;
  }
}

/** As much as is decoded in one go; longer text is put together of such pieces. */
const UNITS = 16 * 1024;

const units = new Uint16Array(UNITS);
const unitBytes = new Uint8Array(units.buffer);
const unitsToText = (count: number) => ucs2Slice.call(unitBytes, 0, 2 * count);

/** Whether Node has these natives. */
export function works(): boolean {
  return [latin1Slice, latin1Write, ucs2Slice, utf8Write].every((native) => native !== undefined);
}

/** Node's natives, or plain JavaScript on a Node that no longer has them. */
export const text: TextCodec = works() ? nativeText : portableText;

/**
 * The same, for text that mostly lies in this masker's memory: that of servers, which is not masked. The masker finds out
 * that a short one is ASCII in a third of the time that a view for Node's native and its call take.
 */
export function textBeside(masker: WasmMasker): TextCodec {
  return {
    ...text,
    decode(bytes, start, end) {
      return masker.isAscii(bytes, start, end) ? text.decodeAscii(bytes, start, end) : text.decode(bytes, start, end);
    },
    isValid(bytes, start, end) {
      return masker.isAscii(bytes, start, end) || text.isValid(bytes, start, end);
    },
  };
}
