import { decodeShortAscii, SHORT_ASCII } from './short-ascii.ts';

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
  /**
   * Writes `text` at `at`; the room is there. A lone surrogate becomes U+FFFD. Returns how many bytes were written, which is `length`
   * where that is given.
   */
  encode(text: string, bytes: Uint8Array, at: number, length?: number): number;
  /**
   * Writes `text` at `at` if it is ASCII, and returns whether it was; if not, what has been written there means nothing. There is room
   * for `ASCII_SLACK` bytes more than it has units. Left out where looking at the text twice is as quick.
   */
  encodeAscii?(text: string, bytes: Uint8Array, at: number): boolean;
}

/** With so much room more than it has units, text that is not ASCII always fills more bytes than it has units. */
export const ASCII_SLACK = 4;

/** How many code units `String.fromCharCode` is given at once: an argument each. */
const UNITS_AT_ONCE = 4096;

/** The default: no global but the language's own is used. */
export const portableText: TextCodec = { decode, decodeAscii, isValid, byteLength, encode };

function decode(bytes: Uint8Array, start: number, end: number): string | undefined {
  const units = new Uint16Array(Math.min(end - start, UNITS_AT_ONCE));
  return decodeThrough(units, bytes, start, end, (count) => fromUnits(units, count));
}

/**
 * The string that `bytes[start, end)` encodes, or undefined when it is not valid UTF-8, by way of UTF-16 code units:
 * they are written to `units` as often as it takes, and `toText` makes a string of the first `count`. For codecs whose
 * runtime is quick at that last step.
 */
export function decodeThrough(
  units: Uint16Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  toText: (count: number) => string,
): string | undefined {
  let text = '';
  let at = start;
  while (at < end) {
    // There are never more units than bytes. A cut is moved back to where a sequence begins.
    let stop = Math.min(at + units.length, end);
    for (let i = 0; i < 3 && stop < end && (bytes[stop] & 0xc0) === 0x80; i++) stop--;
    const count = decodeUnits(bytes, at, stop, units);
    if (count < 0) return undefined;
    text += toText(count);
    at = stop;
  }
  return text;
}

/**
 * Decodes `bytes[start, end)` to UTF-16. Returns how many units there are, or -1 when it is not valid UTF-8: a sequence
 * is judged by what it comes to, which for the hot one, of three bytes, is the quickest.
 */
function decodeUnits(bytes: Uint8Array, start: number, end: number, units: Uint16Array): number {
  let count = 0;
  let at = start;
  while (at < end) {
    const lead = bytes[at];
    if (lead < 0x80) {
      units[count++] = lead;
      at++;
    } else if (lead >= 0xe0 && lead < 0xf0 && end - at >= 3) {
      const second = bytes[at + 1];
      const third = bytes[at + 2];
      const unit = ((lead & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
      if ((second & 0xc0) !== 0x80 || (third & 0xc0) !== 0x80) return -1;
      if (unit < 0x800 || (unit & 0xf800) === 0xd800) return -1; // overlong, or a surrogate
      units[count++] = unit;
      at += 3;
    } else {
      const length = sequenceLength(bytes, at, end);
      if (length === 2) {
        units[count++] = ((lead & 0x1f) << 6) | (bytes[at + 1] & 0x3f);
      } else if (length === 4) {
        const high = ((lead & 0x07) << 8) | ((bytes[at + 1] & 0x3f) << 2) | ((bytes[at + 2] & 0x30) >> 4);
        units[count++] = 0xd7c0 + high;
        units[count++] = 0xdc00 | ((bytes[at + 2] & 0x0f) << 6) | (bytes[at + 3] & 0x3f);
      } else {
        return -1;
      }
      at += length;
    }
  }
  return count;
}

function decodeAscii(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT_ASCII) return decodeShortAscii(bytes, start, end);
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
  if (length > 2 && (bytes[at + 2] & 0xc0) !== 0x80) return 0;
  return length > 3 && (bytes[at + 3] & 0xc0) !== 0x80 ? 0 : length;
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

function fromUnits(units: Uint8Array | Uint16Array, count: number): string {
  const whole = count < units.length ? units.subarray(0, count) : units;
  return String.fromCharCode.apply(null, whole as unknown as number[]);
}
