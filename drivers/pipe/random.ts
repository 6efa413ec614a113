/**
 * Randomness from a seed: the same seed gives the same numbers, on every engine. For the choices of a simulated network
 * and for masking keys in tests; never for secrets.
 *
 * The generator is sfc32 (Chris Doty-Humphrey's Small Fast Counting generator): 128 bits of state, 32 bits a step.
 */
export class SeededRandom {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  /** Any finite number is a seed; two seeds that differ give streams that have nothing to do with each other. */
  constructor(seed: number) {
    if (!Number.isFinite(seed)) throw new RangeError('a seed must be a finite number');
    this.#seed = seed;
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, seed);
    this.#a = scramble(bits.getUint32(4));
    this.#b = scramble(bits.getUint32(0) ^ 0x9e3779b9);
    this.#c = scramble(this.#a ^ this.#b);
    this.#counter = 1;
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** The next 32 bits, as an unsigned integer. */
  uint32(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A number from 0 up to, but not including, 1. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A number from `min` up to, but not including, `max`. */
  between(min: number, max: number): number {
    return min + this.fraction() * (max - min);
  }

  /** Fills `bytes`: the form in which a connection takes its masking keys. */
  readonly fill = (bytes: Uint8Array): void => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.uint32() >>> 24;
  };

  /**
   * A generator of its own for one part of a simulation. It depends on this one's seed and on the label, and not on how
   * much was drawn before, so that what happens in one part does not shift the others.
   */
  fork(label: number): SeededRandom {
    const child = new SeededRandom(this.#seed);
    child.#a ^= scramble(label | 0);
    for (let round = 0; round < 12; round++) child.uint32();
    // The child's own forks must differ from this one's: its seed is drawn, too.
    return new SeededRandom(child.uint32() * 0x20_0000 + (child.uint32() >>> 11));
  }
}

/** Spreads the bits of a small seed over the whole word (the finalizer of MurmurHash3). */
function scramble(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
