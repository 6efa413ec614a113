const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The base64 of bytes, with its padding. RFC 4648 §4 */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  for (; at + 2 < bytes.length; at += 3) {
    const group = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    text += ALPHABET[group >> 18] + ALPHABET[(group >> 12) & 63] + ALPHABET[(group >> 6) & 63] + ALPHABET[group & 63];
  }
  if (at + 1 === bytes.length) {
    text += `${ALPHABET[bytes[at] >> 2]}${ALPHABET[(bytes[at] << 4) & 63]}==`;
  } else if (at + 2 === bytes.length) {
    const group = (bytes[at] << 8) | bytes[at + 1];
    text += `${ALPHABET[group >> 10]}${ALPHABET[(group >> 4) & 63]}${ALPHABET[(group << 2) & 63]}=`;
  }
  return text;
}

/**
 * Whether the text decodes to 16 bytes, which is all that RFC 6455 §4.2.1 asks for: 22 digits and two `=`. The four last
 * bits of the last digit belong to no byte, and need not be zero (RFC 4648 §3.5 leaves that to the decoder): in the
 * example of RFC 6455 §4.1 they are not.
 */
export function isBase64Of16Bytes(text: string): boolean {
  if (text.length !== 24 || !text.endsWith('==')) return false;
  for (let i = 0; i < 22; i++) if (!isDigit(text.charCodeAt(i))) return false;
  return true;
}

function isDigit(unit: number): boolean {
  const isLetter = (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
  return isLetter || (unit >= 0x30 && unit <= 0x39) || unit === 0x2b || unit === 0x2f; // 0–9, +, /
}
