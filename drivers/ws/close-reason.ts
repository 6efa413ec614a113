import { isCloseCode } from '../../protocol/index.ts';
import { MAX_REASON } from '../../protocol/internal.ts';
import { toBuffer } from './data.ts';

/** The reason as text. Throws as `ws` does. */
export function checkClose(code: number | undefined, reason: string | Uint8Array | undefined): string {
  if (code === undefined) return '';
  if (typeof code !== 'number' || !isCloseCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }
  // Whatever has no length is none: an Error, say.
  if (reason === undefined || !reason.length) return '';
  if (Buffer.byteLength(reason) > MAX_REASON) throw tooLong();
  if (typeof reason !== 'string' && !(reason instanceof Uint8Array)) {
    throw new TypeError('Second argument must be a string or a Uint8Array');
  }
  // What is no text has U+FFFD in it then, half a character at the end of a text that was cut say.
  const text = (typeof reason === 'string' ? Buffer.from(reason) : toBuffer(reason)).toString();
  if (Buffer.byteLength(text) > MAX_REASON) throw tooLong();
  return text;
}

function tooLong(): RangeError {
  return new RangeError('The message must not be greater than 123 bytes');
}
