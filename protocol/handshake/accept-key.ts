import { nameOf } from '../option-check.ts';
import type { RandomSource } from '../random.ts';
import { encodeBase64 } from './base64.ts';
import { sha1 } from './sha1.ts';

/** RFC 6455 §1.3: what a server that speaks nothing but HTTP would not add. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The base64 (RFC 4648 §4) of the SHA-1 (RFC 3174) of an ASCII text: an injected function, because runtimes have a faster one. */
export type Sha1 = (ascii: string) => string;

/** The default of `Sha1`: plain JavaScript that runs anywhere. */
export function portableSha1(ascii: string): string {
  const digest = sha1(ascii);
  const bytes = new Uint8Array(4 * digest.length);
  for (let i = 0; i < digest.length; i++) {
    bytes[4 * i] = digest[i] >>> 24;
    bytes[4 * i + 1] = digest[i] >>> 16;
    bytes[4 * i + 2] = digest[i] >>> 8;
    bytes[4 * i + 3] = digest[i];
  }
  return encodeBase64(bytes);
}

/**
 * The Sec-WebSocket-Accept that answers this Sec-WebSocket-Key: base64 of SHA-1 of key and GUID. RFC 6455 §4.2.2
 * `digest` is the runtime's own SHA-1, where it has a faster one than the default.
 */
export function acceptKey(key: string, digest: Sha1 = portableSha1): string {
  if (typeof key !== 'string') throw new TypeError(`a Sec-WebSocket-Key is a string, not ${nameOf(key)}`);
  return digest(key + GUID);
}

/** A fresh Sec-WebSocket-Key of 16 random bytes. RFC 6455 §4.1 */
export function makeKey(random: RandomSource): string {
  const nonce = new Uint8Array(16);
  random(nonce);
  return encodeBase64(nonce);
}
