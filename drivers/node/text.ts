import { isAscii, isUtf8 } from 'node:buffer';
import { portableText, type TextCodec } from '../../protocol/index.ts';

// Node's natives take any Uint8Array for `this`; calling them so saves a Buffer for each message.
const { latin1Slice, utf8Slice, utf8Write } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, at: number): number;
};

/** UTF-8 by Node's natives. */
export const nodeText: TextCodec = {
  decode(bytes, start, end) {
    const span = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
    if (isAscii(span)) return latin1Slice.call(bytes, start, end);
    return isUtf8(span) ? utf8Slice.call(bytes, start, end) : undefined;
  },
  decodeAscii(bytes, start, end) {
    return latin1Slice.call(bytes, start, end);
  },
  isValid(bytes, start, end) {
    return isUtf8(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  },
  byteLength: (text) => Buffer.byteLength(text),
  encode(text, bytes, at) {
    return utf8Write.call(bytes, text, at);
  },
};

/** For runtimes that offer Buffer without these methods. */
export const text: TextCodec =
  typeof latin1Slice === 'function' && typeof utf8Slice === 'function' && typeof utf8Write === 'function'
    ? nodeText
    : portableText;
