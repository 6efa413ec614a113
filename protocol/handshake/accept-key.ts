import { encodeBase64 } from './base64.ts';
import { sha1 } from './sha1.ts';

/** RFC 6455 §1.3: what a server that speaks nothing but HTTP would not add. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The Sec-WebSocket-Accept that answers this Sec-WebSocket-Key: base64 of SHA-1 of key and GUID. RFC 6455 §4.2.2 */
export function acceptKey(key: string): string {
  const digest = sha1(key + GUID);
  const bytes = new Uint8Array(4 * digest.length);
  for (let i = 0; i < digest.length; i++) {
    bytes[4 * i] = digest[i] >>> 24;
    bytes[4 * i + 1] = digest[i] >>> 16;
    bytes[4 * i + 2] = digest[i] >>> 8;
    bytes[4 * i + 3] = digest[i];
  }
  return encodeBase64(bytes);
}

/** A fresh Sec-WebSocket-Key of 16 random bytes. RFC 6455 §4.1 */
export function makeKey(random: (bytes: Uint8Array) => void): string {
  const nonce = new Uint8Array(16);
  random(nonce);
  return encodeBase64(nonce);
}
