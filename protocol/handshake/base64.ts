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
 * Whether the text is the canonical base64 of 16 bytes (RFC 4648 §3.5): 22 digits, of which the last has four bits that
 * must be zero, and two `=`.
 */
export function isBase64Of16Bytes(text: string): boolean {
  if (text.length !== 24 || !text.endsWith('==')) return false;
  for (let i = 0; i < 21; i++) if (digitValue(text.charCodeAt(i)) < 0) return false;
  const last = digitValue(text.charCodeAt(21));
  return last >= 0 && (last & 0b1111) === 0;
}

function digitValue(unit: number): number {
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41; // A–Z
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61 + 26; // a–z
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 52; // 0–9
  if (unit === 0x2b) return 62; // +
  return unit === 0x2f ? 63 : -1; // /
}
