import { joinBytes } from '../memory/copies.ts';
import type { TextCodec } from '../text/text-codec.ts';
import { startOfTail } from '../text/utf8-validator.ts';

/** The bytes of a text, cut anywhere, as strings that are cut between code points. They must have been found to be UTF-8. */
export class TextPieces {
  readonly #text: TextCodec;
  /** What the last piece cut. */
  #carry: Uint8Array | undefined;

  constructor(text: TextCodec) {
    this.#text = text;
    this.#carry = undefined;
  }

  /** What there is of the text with `bytes[start, end)`: an empty string when that is less than a code point. */
  next(bytes: Uint8Array, start: number, end: number): string {
    const carry = this.#carry;
    if (carry !== undefined) {
      this.#carry = undefined;
      const joined = joinBytes([carry, bytes.subarray(start, end)]);
      return this.next(joined, 0, joined.length);
    }
    const tail = startOfTail(bytes, start, end);
    if (tail < end) this.#carry = bytes.slice(tail, end);
    return this.#text.decode(bytes, start, tail)!;
  }
}
