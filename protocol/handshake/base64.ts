import { decodeLatin1, latin1Bytes } from '../text/latin1.ts';

const ALPHABET = latin1Bytes('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PADDING = 0x3d;

/** The base64 of bytes, with its padding. RFC 4648 §4 */
export function encodeBase64(bytes: Uint8Array): string {
  const { length } = bytes;
  const digits = new Uint8Array(4 * Math.ceil(length / 3));
  for (let at = 0, i = 0; at < length; at += 3, i += 4) {
    const left = length - at;
    const group = (bytes[at] << 16) | (left > 1 ? bytes[at + 1] << 8 : 0) | (left > 2 ? bytes[at + 2] : 0);
    digits[i] = ALPHABET[group >> 18];
    digits[i + 1] = ALPHABET[(group >> 12) & 63];
    digits[i + 2] = left > 1 ? ALPHABET[(group >> 6) & 63] : PADDING;
    digits[i + 3] = left > 2 ? ALPHABET[group & 63] : PADDING;
  }
  return decodeLatin1(digits, 0, digits.length);
}

/**
 * Whether the text decodes to 16 bytes, which is all that RFC 6455 §4.2.1 asks for: 22 digits and two `=`. The four last
 * bits of the last digit belong to no byte, and need not be zero (RFC 4648 §3.5 leaves that to the decoder): in the
 * example of RFC 6455 §4.1 they are not.
 */
export function isBase64Of16Bytes(text: string): boolean {
  return BASE64_OF_16_BYTES.test(text);
}

const BASE64_OF_16_BYTES = /^[A-Za-z0-9+/]{22}==$/;
