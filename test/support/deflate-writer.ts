/** Writes DEFLATE (RFC 1951) block by block, so that tests can say exactly what a peer sends. */
export class DeflateWriter {
  private readonly bytes: number[] = [];
  private bitCount = 0;

  /** A stored block: starts with a header at the next bit, then goes on at the next byte. */
  stored(data: Uint8Array, final = false): this {
    this.bits(final ? 1 : 0, 1)
      .bits(0, 2)
      .align();
    this.bits(data.length, 16).bits(data.length ^ 0xffff, 16);
    for (const byte of data) this.bits(byte, 8);
    return this;
  }

  /** A block with the fixed codes: literal bytes, and back-references as [length 3…10, distance]. */
  fixed(items: readonly (number | readonly [length: number, distance: number])[], final = false): this {
    this.bits(final ? 1 : 0, 1).bits(1, 2);
    for (const item of items) {
      if (typeof item === 'number') this.literal(item);
      else this.reference(item[0], item[1]);
    }
    return this.code(0, 7);
  }

  /** What a flush adds (RFC 7692 §7.2.1) without its last four bytes: the header of an empty stored block. */
  flush(): this {
    return this.bits(0, 3).align();
  }

  /** Zero bits up to the next byte: what ends a stream. */
  align(): this {
    while (this.bitCount % 8 !== 0) this.bits(0, 1);
    return this;
  }

  toBytes(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }

  private literal(byte: number): void {
    if (byte < 144) this.code(0x30 + byte, 8);
    else this.code(0x190 + byte - 144, 9);
  }

  private reference(length: number, distance: number): void {
    this.code(length - 2, 7);
    let code = distance - 1;
    let extra = 0;
    while (code > 3) {
      code >>= 1;
      extra++;
    }
    this.code(extra === 0 ? code : 2 * extra + code, 5);
    this.bits((distance - 1) & ((1 << extra) - 1), extra);
  }

  /** Huffman codes go most significant bit first, everything else the other way round (§3.1.1). */
  private code(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) this.bits((value >> i) & 1, 1);
    return this;
  }

  private bits(value: number, count: number): this {
    for (let i = 0; i < count; i++) {
      if (this.bitCount % 8 === 0) this.bytes.push(0);
      this.bytes[this.bytes.length - 1] |= ((value >> i) & 1) << (this.bitCount % 8);
      this.bitCount++;
    }
    return this;
  }
}
