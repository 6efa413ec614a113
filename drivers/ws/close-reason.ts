import { isCloseCode } from '../../protocol/index.ts';
import { MAX_REASON } from '../../protocol/internal.ts';
import { toBuffer } from './data.ts';

/** The reason as text. Throws as `ws` does. */
export function checkClose(code: number | undefined, reason: string | Uint8Array | undefined): string {
  if (code === undefined) return '';
  if (typeof code !== 'number' || !isCloseCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }
  if (reason === undefined || reason.length === 0) return '';
  if (Buffer.byteLength(reason) > MAX_REASON) {
    throw new RangeError('The message must not be greater than 123 bytes');
  }
  if (typeof reason === 'string') return reason;
  if (!(reason instanceof Uint8Array)) throw new TypeError('Second argument must be a string or a Uint8Array');
  return toBuffer(reason).toString();
}
