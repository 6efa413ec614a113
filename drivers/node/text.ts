import { isAscii, isUtf8 } from 'node:buffer';
import { decodeThrough, portableText, type TextCodec } from '../../protocol/index.ts';
import type { WasmMasker } from './wasm-masker.ts';

// Node's natives take any Uint8Array for `this`; calling them so saves a Buffer for each message.
const natives = Buffer.prototype as unknown as Partial<{
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, at: number): number;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, at: number): number;
}>;
const { latin1Slice, latin1Write, ucs2Slice, utf8Write } = natives as Required<typeof natives>;

/**
 * UTF-8 by Node's natives, each where it was measured to be the fastest (`npm run bench -- --rows text,cjk`). What is
 * not ASCII is decoded in JavaScript: V8 takes three to four times as long, and validates with a second pass.
 */
const nativeText: TextCodec = {
  decode(bytes, start, end) {
    const span = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    return isAscii(span) ? latin1Slice.call(bytes, start, end) : decodeThrough(units, bytes, start, end, unitsToText);
  },
  decodeAscii(bytes, start, end) {
    return latin1Slice.call(bytes, start, end);
  },
  isValid(bytes, start, end) {
    return isUtf8(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  },
  byteLength: (text) => Buffer.byteLength(text),
  encode(text, bytes, at) {
    if (text.length < MEASURE_FROM) return utf8Write.call(bytes, text, at);
    // An ASCII string is copied as it is; to find out that it is one costs less than to encode it.
    const ascii = Buffer.byteLength(text) === text.length;
    return ascii ? latin1Write.call(bytes, text, at) : utf8Write.call(bytes, text, at);
  },
};

/** From this many code units on, a string is looked through for ASCII before it is encoded. */
const MEASURE_FROM = 1500;

/** As much as is decoded in one go; longer text is put together of such pieces. */
const UNITS = 16 * 1024;

const units = new Uint16Array(UNITS);
const unitBytes = new Uint8Array(units.buffer);
const unitsToText = (count: number) => ucs2Slice.call(unitBytes, 0, 2 * count);

/** Node's natives, or plain JavaScript on a Node that no longer has them. */
export const text: TextCodec = [latin1Slice, latin1Write, ucs2Slice, utf8Write].every((native) => native !== undefined)
  ? nativeText
  : portableText;

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
  };
}
