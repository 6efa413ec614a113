/**
 * The character classes of HTTP (RFC 9110 §5.5, §5.6) and the few functions that read and write by them.
 *
 * Heads are latin1 on the wire: a byte is a code unit and the other way round, so nothing is ever lost or refused for
 * being 0x80–0xFF.
 */

const HTAB = 0x09;
const SP = 0x20;

/** A `tchar`: what tokens are made of, field names among them. RFC 9110 §5.6.2 */
export const TCHAR = 1;
/** What may stand in a field value: HTAB, SP, VCHAR and obs-text. RFC 9110 §5.5 */
export const FIELD_TEXT = 2;
/** What may stand in a request target here: VCHAR without the `#` of a fragment. RFC 9112 §3.2, RFC 6455 §3 */
export const TARGET_CHAR = 4;
/** DIGIT */
export const DIGIT = 8;

/** The classes of each byte, as bits. */
export const CLASSES: Readonly<Uint8Array> = buildClasses();

/** How many bytes `String.fromCharCode` is given at once: an argument each. */
const BYTES_AT_ONCE = 4096;

/** Whether the text is a token, RFC 9110 §5.6.2. An empty text is none. */
export function isToken(text: string): boolean {
  return text.length > 0 && consistsOf(text, TCHAR);
}

/** Whether the text can stand as a field value: no CTL but HTAB, nothing above 0xFF. RFC 9110 §5.5 */
export function isFieldValue(text: string): boolean {
  return consistsOf(text, FIELD_TEXT);
}

/** Whether every code unit is a byte of this class. */
export function consistsOf(text: string, characterClass: number): boolean {
  for (let i = 0; i < text.length; i++) {
    // Above 0xFF the table has nothing, and `undefined & n` is 0.
    if ((CLASSES[text.charCodeAt(i)] & characterClass) === 0) return false;
  }
  return true;
}

/** Whether this code unit is SP or HTAB: optional white space, RFC 9110 §5.6.3. */
export function isWhitespace(unit: number): boolean {
  return unit === SP || unit === HTAB;
}

/** `text` without the optional white space around it; `String.prototype.trim` would take line ends and U+00A0 too. */
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** The string of which each code unit is one byte of `bytes[start, end)`. */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += BYTES_AT_ONCE) {
    const part = bytes.subarray(at, Math.min(at + BYTES_AT_ONCE, end));
    text += String.fromCharCode.apply(null, part as unknown as number[]);
  }
  return text;
}

/** Writes each code unit as one byte at `at`; `text` is known to hold nothing above 0xFF. Returns the index after it. */
export function encodeLatin1(text: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** The UTF-8 of a text; a lone surrogate becomes U+FFFD. For what is rarely sent: the body of a rejection, a password. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    let point = character.codePointAt(0)!;
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), continuation(point));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), continuation(point >> 6), continuation(point));
    else bytes.push(0xf0 | (point >> 18), continuation(point >> 12), continuation(point >> 6), continuation(point));
  }
  return Uint8Array.from(bytes);
}

function continuation(bits: number): number {
  return 0x80 | (bits & 0x3f);
}

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (let byte = 0x21; byte <= 0x7e; byte++) classes[byte] = FIELD_TEXT | TARGET_CHAR;
  for (let byte = 0x80; byte <= 0xff; byte++) classes[byte] = FIELD_TEXT;
  classes[HTAB] = FIELD_TEXT;
  classes[SP] = FIELD_TEXT;
  classes['#'.charCodeAt(0)] = FIELD_TEXT;
  const tchars = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (let i = 0; i < tchars.length; i++) classes[tchars.charCodeAt(i)] |= TCHAR;
  for (let digit = 0x30; digit <= 0x39; digit++) classes[digit] |= DIGIT;
  return classes;
}
