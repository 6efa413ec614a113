import { join } from './cuts.ts';

/**
 * A slow, plain inflater (RFC 1951), written from the RFC alone: what the codecs are held to. It tells more than a codec
 * does: which blocks there were and how far back the data looked.
 */
export interface Inflated {
  /** Output without the window that it started with. */
  readonly output: Uint8Array;
  readonly blocks: readonly { readonly final: boolean; readonly type: number }[];
  /** The furthest that a back-reference went. */
  readonly maxDistance: number;
  /** Whether the input stopped exactly at the end of a block, on a byte boundary. */
  readonly atBoundary: boolean;
}

/**
 * Inflates all of `bytes`, one block after the other, whether or not BFINAL is set (after a block that has it, the next
 * one starts on a byte boundary). Throws for invalid data; stops where the data does.
 */
export function inflateOracle(bytes: Uint8Array, window: Uint8Array = new Uint8Array(0)): Inflated {
  const bits = new BitReader(bytes);
  const out: number[] = [...window];
  const blocks: { final: boolean; type: number }[] = [];
  let maxDistance = 0;
  let atBoundary = true;
  try {
    while (!bits.atEnd) {
      atBoundary = false;
      const final = bits.take(1) === 1;
      const type = bits.take(2);
      blocks.push({ final, type });
      if (type === 3) throw new Error('block type 3');
      if (type === 0) stored(bits, out);
      else maxDistance = Math.max(maxDistance, compressed(bits, out, type === 1 ? FIXED : dynamic(bits)));
      if (final) bits.align();
      // The rest of a byte may be padding, or the header of another block: the caller's last block is a stored one.
      atBoundary = bits.isAligned;
    }
  } catch (error) {
    if (error !== OUT_OF_INPUT) throw error;
    atBoundary = false;
  }
  return { output: Uint8Array.from(out.slice(window.length)), blocks, maxDistance, atBoundary };
}

/** RFC 7692 §7.2.1. */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/** What a message comes to (RFC 7692 §7.2.2), its payload being at least one byte; undefined where it is invalid. */
export function inflateMessage(payload: Uint8Array, window?: Uint8Array): Uint8Array | undefined {
  try {
    const { output, atBoundary, blocks } = inflateOracle(join(payload, TAIL), window);
    if (atBoundary && blocks.at(-1)!.type === 0) {
      // The tail itself must have been that block's length, not data.
      const before = inflateOracle(payload, window);
      if (before.output.length === output.length) return output;
    }
  } catch {
    // Invalid with the tail; but a stream may have ended before it.
  }
  return endsStream(payload, window);
}

/** The output of a message whose very last block has BFINAL set. */
function endsStream(payload: Uint8Array, window?: Uint8Array): Uint8Array | undefined {
  try {
    const { output, atBoundary, blocks } = inflateOracle(payload, window);
    return atBoundary && blocks.at(-1)!.final ? output : undefined;
  } catch {
    return undefined;
  }
}

const OUT_OF_INPUT = new Error('out of input');

class BitReader {
  private readonly bytes: Uint8Array;
  private position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.position >= this.bytes.length * 8;
  }

  get isAligned(): boolean {
    return this.position % 8 === 0;
  }

  align(): void {
    this.position = Math.ceil(this.position / 8) * 8;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      if (this.atEnd) throw OUT_OF_INPUT;
      value |= ((this.bytes[this.position >> 3] >> (this.position & 7)) & 1) << i;
      this.position++;
    }
    return value;
  }
}

/** RFC 1951 §3.2.2: symbols by code, the code written with its length in front. */
type Huffman = ReadonlyMap<string, number>;
type Tables = { readonly literals: Huffman; readonly distances: Huffman };

function huffman(lengths: readonly number[]): Huffman {
  const table = new Map<string, number>();
  // As zlib has it: every code is used, or there is but one of one bit, or none.
  const used = lengths.filter((length) => length > 0);
  const space = used.reduce((sum, length) => sum + 2 ** -length, 0);
  if (space > 1 || (space < 1 && used.length > 0 && Math.max(...used) > 1)) throw new Error('not a prefix code');
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) table.set(`${length}:${code++}`, symbol);
    }
    code <<= 1;
  }
  return table;
}

function symbol(bits: BitReader, table: Huffman): number {
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    code = (code << 1) | bits.take(1);
    const found = table.get(`${length}:${code}`);
    if (found !== undefined) return found;
  }
  throw new Error('no such code');
}

const FIXED: Tables = {
  literals: huffman(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  distances: huffman(Array.from({ length: 32 }, () => 5)),
};

/** RFC 1951 §3.2.7. */
function dynamic(bits: BitReader): Tables {
  const literalCount = bits.take(5) + 257;
  const distanceCount = bits.take(5) + 1;
  const codeCount = bits.take(4) + 4;
  const codeLengths = Array.from({ length: 19 }, () => 0);
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  for (let i = 0; i < codeCount; i++) codeLengths[order[i]] = bits.take(3);
  if (literalCount > 286 || distanceCount > 30) throw new Error('too many codes');
  const codes = huffman(codeLengths);
  if (codeLengths.every((length) => length === 0) || codes.size === 1) throw new Error('not a prefix code');
  const lengths: number[] = [];
  while (lengths.length < literalCount + distanceCount) {
    const code = symbol(bits, codes);
    if (code < 16) lengths.push(code);
    else if (code === 16) repeat(lengths, lengths[lengths.length - 1], 3 + bits.take(2));
    else repeat(lengths, 0, code === 17 ? 3 + bits.take(3) : 11 + bits.take(7));
  }
  if (lengths.length > literalCount + distanceCount) throw new Error('repeats too many');
  if (lengths[256] === 0) throw new Error('no code for the end of the block');
  return { literals: huffman(lengths.slice(0, literalCount)), distances: huffman(lengths.slice(literalCount)) };
}

function repeat(lengths: number[], value: number | undefined, times: number): void {
  if (value === undefined) throw new Error('nothing to repeat');
  for (let i = 0; i < times; i++) lengths.push(value);
}

/** RFC 1951 §3.2.4. */
function stored(bits: BitReader, out: number[]): void {
  bits.align();
  const length = bits.take(16);
  if (bits.take(16) !== (length ^ 0xffff)) throw new Error('stored length');
  for (let i = 0; i < length; i++) out.push(bits.take(8));
}

/** RFC 1951 §3.2.5. Returns the furthest distance. */
function compressed(bits: BitReader, out: number[], tables: Tables): number {
  let furthest = 0;
  for (;;) {
    const value = symbol(bits, tables.literals);
    if (value === 256) return furthest;
    if (value < 256) {
      out.push(value);
      continue;
    }
    if (value > 285) throw new Error('no such length');
    const length = LENGTH_BASE[value - 257] + bits.take(lengthExtra(value - 257));
    const code = symbol(bits, tables.distances);
    if (code > 29) throw new Error('no such distance');
    const extra = code < 4 ? 0 : (code >> 1) - 1;
    const distance = (code < 4 ? code : (2 + (code & 1)) << extra) + 1 + bits.take(extra);
    if (distance > out.length) throw new Error('distance too far back');
    furthest = Math.max(furthest, distance);
    for (let i = 0; i < length; i++) out.push(out[out.length - distance]);
  }
}

function lengthExtra(code: number): number {
  return code < 8 || code === 28 ? 0 : (code >> 2) - 1;
}

const LENGTH_BASE = Array.from({ length: 29 }, () => 0);
for (let code = 0, base = 3; code < 28; base += 1 << lengthExtra(code), code++) LENGTH_BASE[code] = base;
LENGTH_BASE[28] = 258;
