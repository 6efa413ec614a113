import { isCloseCode } from '../../protocol/index.ts';
import { toBuffer } from './data.ts';

/** The longest reason, in bytes of UTF-8 (RFC 6455 §5.5.1). */
const MAX_REASON = 123;

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
