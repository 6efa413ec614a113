import { portableText } from '../text/text-codec.ts';

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

/** The UTF-8 of a text; for what is rarely sent: a rejection's body, a password. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(portableText.byteLength(text));
  portableText.encode(text, bytes, 0);
  return bytes;
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
