import { highestSecond, lengthOfLead, lowestSecond, type TextCodec } from './text-codec.ts';

/**
 * Validates UTF-8 that comes in pieces, and finds the first bad byte as soon as it is there (RFC 6455 §8.1): what it
 * carries from piece to piece is the sequence that the last one cut.
 */
export class Utf8Validator {
  readonly #text: TextCodec;
  /** Bytes that the cut sequence still lacks. */
  #missing: number;
  /** The range of its next byte. */
  #low: number;
  #high: number;

  constructor(text: TextCodec) {
    this.#text = text;
    this.#missing = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
  }

  /** Whether what was pushed ends between code points. */
  get isComplete(): boolean {
    return this.#missing === 0;
  }

  /** Takes the next piece. Returns whether everything so far can begin a valid text. */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (this.#missing > 0 && at < end) if (!this.#next(bytes[at++])) return false;
    if (at === end) return true;
    const tail = startOfTail(bytes, at, end);
    if (tail > at && !this.#text.isValid(bytes, at, tail)) return false;
    if (tail < end) {
      const lead = bytes[tail];
      this.#missing = lengthOfLead(lead) - 1;
      this.#low = lowestSecond(lead);
      this.#high = highestSecond(lead);
      for (let i = tail + 1; i < end; i++) if (!this.#next(bytes[i])) return false;
    }
    return true;
  }

  #next(byte: number): boolean {
    if (byte < this.#low || byte > this.#high) return false;
    this.#missing--;
    this.#low = 0x80;
    this.#high = 0xbf;
    return true;
  }
}

/**
 * Where a sequence begins that the end cuts, or `end`. Looks at the last three bytes only: what it leaves before that
 * place is judged as a whole, wrong bytes included.
 */
export function startOfTail(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at >= start && at >= end - 3; at--) {
    const byte = bytes[at];
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return lengthOfLead(byte) > end - at ? at : end;
  }
  return end;
}
