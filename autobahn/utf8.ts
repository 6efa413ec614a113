/**
 * A UTF-8 validator that takes a text in pieces and notices the first byte that can't be right (RFC 3629 §4): the
 * suite holds its peer's text to what it demands of the peer.
 */
export class Utf8Validator {
  /** How many continuation bytes the sequence in progress still wants. */
  private wanted: number;
  /** The range that its next byte must lie in. */
  private low: number;
  private high: number;

  constructor() {
    this.wanted = 0;
    this.low = 0x80;
    this.high = 0xbf;
  }

  /** Takes the next piece. Returns whether everything so far can be the start of valid UTF-8. */
  push(bytes: Uint8Array): boolean {
    let { wanted, low, high } = this;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (wanted === 0) {
        if (byte < 0x80) continue;
        if (byte < 0xc2 || byte > 0xf4) return false;
        wanted = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        // The first continuation byte tells overlong forms, surrogates and what lies above U+10FFFF.
        low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
        high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
      } else {
        if (byte < low || byte > high) return false;
        wanted--;
        low = 0x80;
        high = 0xbf;
      }
    }
    this.wanted = wanted;
    this.low = low;
    this.high = high;
    return true;
  }

  /** Whether the text may end here. */
  get complete(): boolean {
    return this.wanted === 0;
  }
}
