import { isLead, isTrail, portableText, type TextCodec } from '../text/text-codec.ts';
import type { CloseFrame } from './close-info.ts';

/** The longest reason, in bytes of UTF-8: a control frame's 125 less two for the code (RFC 6455 §5.5, §5.5.1). */
export const MAX_REASON = 123;

/** A Close frame without a body (§7.1.5). */
export const NO_STATUS = 1005;
/** No Close frame at all (§7.1.5). */
export const ABNORMAL = 1006;

/** Whether a Close frame may carry this code: §7.4 and the IANA registry, where 1012 to 1014 have come since. */
export function isCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_STATUS && code !== ABNORMAL;
}

/** What a Close frame's payload says, or the close code to fail with. */
export function parseClosePayload(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextCodec,
): CloseFrame | 1002 | 1007 {
  if (start === end) return { code: NO_STATUS, reason: '' };
  if (end - start === 1) return 1002;
  const code = closeCodeIn(bytes, start);
  if (!isCloseCode(code)) return 1002;
  const reason = end - start === 2 ? '' : text.decode(bytes, start + 2, end);
  return reason === undefined ? 1007 : { code, reason };
}

/** The code that a payload of at least two bytes begins with. */
export function closeCodeIn(bytes: Uint8Array, start: number): number {
  return (bytes[start] << 8) | bytes[start + 1];
}

/**
 * What a caller wants to close with. Throws a RangeError for a code that may not be sent, a TypeError for a reason that
 * is no well-formed string, a RangeError for one over 123 bytes. `text` measures it; the language's own does as well.
 */
export function checkClose(code: number, reason: string, text: TextCodec = portableText): void {
  if (typeof code !== 'number') throw new TypeError('the close code must be a number');
  if (!isCloseCode(code)) throw new RangeError(`${code} is not a close code that may be sent`);
  if (typeof reason !== 'string') throw new TypeError('the close reason must be a string');
  if (!isWellFormed(reason)) throw new TypeError('the close reason has a lone surrogate');
  if (text.byteLength(reason) > MAX_REASON) {
    throw new RangeError(`the close reason is longer than ${MAX_REASON} bytes of UTF-8`);
  }
}

/** The payload that says it: none at all for 1005. */
export function makeClosePayload(code: number, reason: string, text: TextCodec): Uint8Array {
  if (code === NO_STATUS) return new Uint8Array(0);
  // Most have none, for which a runtime's codec is not asked: it may take more time than all else of a closing handshake.
  const length = reason === '' ? 0 : text.byteLength(reason);
  const payload = new Uint8Array(2 + length);
  payload[0] = code >> 8;
  payload[1] = code & 0xff;
  if (length > 0) text.encode(reason, payload, 2);
  return payload;
}

function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (isTrail(unit)) return false;
    if (isLead(unit) && !isTrail(text.charCodeAt(++i))) return false;
  }
  return true;
}
