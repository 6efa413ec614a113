// Text of which each code unit is one byte: what a head of HTTP/1.1 is read as and written as.

/** How many bytes `String.fromCharCode` is given at once: an argument each. */
const BYTES_AT_ONCE = 4096;

/** The string of which each code unit is one byte of `bytes[start, end)`. */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += BYTES_AT_ONCE) {
    const part = bytes.subarray(at, Math.min(at + BYTES_AT_ONCE, end));
    text += String.fromCharCode.apply(null, part as unknown as number[]);
  }
  return text;
}

/** Each code unit of `text`, which holds nothing above 0xFF, as one byte. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  encodeLatin1(text, bytes, 0);
  return bytes;
}

/** Writes each code unit as one byte at `at`; `text` holds nothing above 0xFF. Returns the index after the last. */
export function encodeLatin1(text: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}
