/**
 * UTF-8 to strings and back: an injected interface, because runtimes have fast ways that the core may not name.
 * `portableText` is the default, plain JavaScript that runs anywhere.
 */
export interface TextCodec {
  /** The string that `bytes[start, end)` encodes, or undefined when it is not valid UTF-8. */
  decode(bytes: Uint8Array, start: number, end: number): string | undefined;
  /** The same for bytes known to be ASCII. */
  decodeAscii(bytes: Uint8Array, start: number, end: number): string;
  /** Whether `bytes[start, end)` is valid UTF-8 on its own. */
  isValid(bytes: Uint8Array, start: number, end: number): boolean;
  /** How many bytes `text` encodes to. A lone surrogate counts as U+FFFD. */
  byteLength(text: string): number;
  /** Writes `text` at `at`; the room is there. A lone surrogate becomes U+FFFD. Returns how many bytes were written. */
  encode(text: string, bytes: Uint8Array, at: number): number;
}

/** How many code units `String.fromCharCode` is given at once: an argument each. */
const UNITS_AT_ONCE = 4096;

/** The default: no global but the language's own is used. */
export const portableText: TextCodec = { decode, decodeAscii, isValid, byteLength, encode };

function decode(bytes: Uint8Array, start: number, end: number): string | undefined {
  const units = new Uint16Array(Math.min(end - start, UNITS_AT_ONCE) + 1);
  let text = '';
  let at = start;
  while (at < end) {
    let count = 0;
    // A four-byte sequence gives two units: the last place is kept free for the second.
    while (at < end && count < units.length - 1) {
      const lead = bytes[at];
      if (lead < 0x80) {
        units[count++] = lead;
        at++;
        continue;
      }
      const length = sequenceLength(bytes, at, end);
      if (length === 0) return undefined;
      const point = codePoint(bytes, at, length);
      at += length;
      if (point < 0x10000) {
        units[count++] = point;
      } else {
        units[count++] = 0xd7c0 + (point >> 10);
        units[count++] = 0xdc00 | (point & 0x3ff);
      }
    }
    text += fromUnits(units, count);
  }
  return text;
}

function decodeAscii(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += UNITS_AT_ONCE) {
    text += fromUnits(bytes.subarray(at, Math.min(at + UNITS_AT_ONCE, end)), end);
  }
  return text;
}

function isValid(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (bytes[at] < 0x80) {
      at++;
      continue;
    }
    const length = sequenceLength(bytes, at, end);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

function byteLength(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      length++;
    } else {
      length += 2;
      if (isLead(unit) && isTrail(text.charCodeAt(i + 1))) i++; // two units, four bytes
    }
  }
  return length;
}

function encode(text: string, bytes: Uint8Array, at: number): number {
  let to = at;
  for (let i = 0; i < text.length; i++) {
    let unit = text.charCodeAt(i);
    if (unit < 0x80) {
      bytes[to++] = unit;
      continue;
    }
    if (unit < 0x800) {
      bytes[to++] = 0xc0 | (unit >> 6);
      bytes[to++] = 0x80 | (unit & 0x3f);
      continue;
    }
    if ((unit & 0xf800) === 0xd800) {
      const next = text.charCodeAt(i + 1);
      if (isLead(unit) && isTrail(next)) {
        const point = ((unit & 0x3ff) << 10) + (next & 0x3ff) + 0x10000;
        bytes[to++] = 0xf0 | (point >> 18);
        bytes[to++] = 0x80 | ((point >> 12) & 0x3f);
        bytes[to++] = 0x80 | ((point >> 6) & 0x3f);
        bytes[to++] = 0x80 | (point & 0x3f);
        i++;
        continue;
      }
      unit = 0xfffd;
    }
    bytes[to++] = 0xe0 | (unit >> 12);
    bytes[to++] = 0x80 | ((unit >> 6) & 0x3f);
    bytes[to++] = 0x80 | (unit & 0x3f);
  }
  return to - at;
}

/** Whether a code unit is a high surrogate. */
export function isLead(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

/** Whether a code unit is a low surrogate. NaN, what follows the last unit, is none. */
export function isTrail(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

/**
 * The length of the valid sequence that begins at `at` with a byte over 0x7f, or 0 when there is none: the table of
 * well-formed byte sequences, Unicode 3.9 D92.
 */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  const length = lengthOfLead(lead);
  if (length === 0 || length > end - at) return 0;
  const second = bytes[at + 1];
  if (second < lowestSecond(lead) || second > highestSecond(lead)) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  return length;
}

/** How long a sequence is that begins with this byte over 0x7f; 0 when none does. */
export function lengthOfLead(lead: number): number {
  if (lead < 0xc2) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/** The second byte's range keeps out overlong forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4). */
export function lowestSecond(lead: number): number {
  return lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
}

export function highestSecond(lead: number): number {
  return lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
}

function codePoint(bytes: Uint8Array, at: number, length: number): number {
  if (length === 2) return ((bytes[at] & 0x1f) << 6) | (bytes[at + 1] & 0x3f);
  if (length === 3) return ((bytes[at] & 0x0f) << 12) | ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f);
  return (
    ((bytes[at] & 0x07) << 18) | ((bytes[at + 1] & 0x3f) << 12) | ((bytes[at + 2] & 0x3f) << 6) | (bytes[at + 3] & 0x3f)
  );
}

function fromUnits(units: Uint8Array | Uint16Array, count: number): string {
  const whole = count < units.length ? units.subarray(0, count) : units;
  return String.fromCharCode.apply(null, whole as unknown as number[]);
}
