/**
 * Masking, RFC 6455 §5.3: byte i of a payload is XORed with byte i mod 4 of the key. The same operation both ways.
 *
 * A key is held as a number, its first byte the lowest. Long payloads are worked a 32-bit word at a time where the
 * memory is aligned, which halves the time and more; short ones are not worth finding out.
 */

/** Below this many bytes a plain loop wins. Measured on V8 11 to 13. */
const WORDWISE_FROM = 48;

/** XORs memory with keys: an injected interface, since a runtime may have a way that works many bytes at a time. */
export interface Masker {
  /**
   * XORs `bytes[start, end)` in place; `phase` is the offset in the payload of the first of them.
   * Returns a number with 0x80 set just when a byte of the result has it: without it, they are all ASCII.
   */
  apply(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number;
  /**
   * Writes the XOR of `source[start, end)`, the beginning of a payload, to `target[at, …)`, and leaves the source alone.
   * The two must not overlap.
   */
  copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number, key: number): void;
}

/**
 * The default. One serves all connections of a thread: it remembers the last memory's word view, and a driver that
 * reads into one buffer again and again then never makes another.
 */
export class PortableMasker implements Masker {
  #buffer: ArrayBufferLike | undefined;
  #words: Int32Array;
  readonly #keyBytes: Uint8Array;
  readonly #keyWord: Int32Array;

  constructor() {
    this.#buffer = undefined;
    this.#keyWord = new Int32Array(1);
    this.#keyBytes = new Uint8Array(this.#keyWord.buffer);
    this.#words = this.#keyWord;
  }

  apply(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number {
    if (end - start < WORDWISE_FROM) return applyBytewise(bytes, start, end, key, phase);
    const aligned = (bytes.byteOffset + start + 3) & ~3; // in the buffer
    const first = aligned - bytes.byteOffset; // in the bytes
    let seen = applyBytewise(bytes, start, first, key, phase);
    const count = (end - first) >> 2;
    const words = this.#wordsOf(bytes);
    const from = aligned >> 2;
    seen |= applyWordwise(words, from, from + count, this.#asWord(key, phase + first - start));
    const last = first + (count << 2);
    return seen | applyBytewise(bytes, last, end, key, phase + last - start);
  }

  copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number, key: number): void {
    let from = start;
    let to = at;
    if (end - start >= WORDWISE_FROM && ((source.byteOffset + start - target.byteOffset - at) & 3) === 0) {
      while (((source.byteOffset + from) & 3) !== 0)
        target[to++] = source[from] ^ (key >>> (((from++ - start) & 3) << 3));
      const count = (end - from) >> 2;
      const sourceWords = new Int32Array(source.buffer, source.byteOffset + from, count);
      const targetWords = new Int32Array(target.buffer, target.byteOffset + to, count);
      copyWordwise(sourceWords, targetWords, count, this.#asWord(key, from - start));
      from += count << 2;
      to += count << 2;
    }
    while (from < end) target[to++] = source[from] ^ (key >>> (((from++ - start) & 3) << 3));
  }

  /** The key as a word of memory whose first byte is byte `phase` of the payload: right on either endianness. */
  #asWord(key: number, phase: number): number {
    const bytes = this.#keyBytes;
    bytes[0] = key >>> ((phase & 3) << 3);
    bytes[1] = key >>> (((phase + 1) & 3) << 3);
    bytes[2] = key >>> (((phase + 2) & 3) << 3);
    bytes[3] = key >>> (((phase + 3) & 3) << 3);
    return this.#keyWord[0];
  }

  #wordsOf(bytes: Uint8Array): Int32Array {
    if (bytes.buffer !== this.#buffer) {
      this.#buffer = bytes.buffer;
      this.#words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
    }
    return this.#words;
  }
}

function applyBytewise(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number {
  let seen = 0;
  let shift = (phase & 3) << 3;
  for (let i = start; i < end; i++) {
    const byte = (bytes[i] ^ (key >>> shift)) & 0xff;
    bytes[i] = byte;
    seen |= byte;
    shift = (shift + 8) & 31;
  }
  return seen;
}

function applyWordwise(words: Int32Array, start: number, end: number, key: number): number {
  let seen = 0;
  let i = start;
  // Four at a time: the loop's own work, and the bounds checks, weigh as much as an XOR.
  for (const last = end - 3; i < last; i += 4) {
    const a = words[i] ^ key;
    const b = words[i + 1] ^ key;
    const c = words[i + 2] ^ key;
    const d = words[i + 3] ^ key;
    words[i] = a;
    words[i + 1] = b;
    words[i + 2] = c;
    words[i + 3] = d;
    seen |= a | b | c | d;
  }
  for (; i < end; i++) seen |= words[i] = words[i] ^ key;
  return foldWord(seen);
}

function copyWordwise(source: Int32Array, target: Int32Array, count: number, key: number): void {
  let i = 0;
  for (const last = count - 3; i < last; i += 4) {
    target[i] = source[i] ^ key;
    target[i + 1] = source[i + 1] ^ key;
    target[i + 2] = source[i + 2] ^ key;
    target[i + 3] = source[i + 3] ^ key;
  }
  for (; i < count; i++) target[i] = source[i] ^ key;
}

/** The bitwise or of the four bytes of a word. */
function foldWord(word: number): number {
  const half = word | (word >>> 16);
  return (half | (half >>> 8)) & 0xff;
}

/**
 * The bitwise or of bytes that came without a mask, as `apply` returns it for those that did; large spans are left to
 * the text codec, which has faster ways: for them the answer is 0xff, "may be anything".
 */
export function seenBits(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > WORDWISE_FROM) return 0xff;
  let seen = 0;
  for (let i = start; i < end; i++) seen |= bytes[i];
  return seen;
}
