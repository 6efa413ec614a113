/**
 * Fills bytes with unpredictable ones (RFC 6455 §5.3, §10.3: masking keys must not be guessed). They are of the type that
 * `new Uint8Array` gives in whichever TypeScript: since 5.9 `crypto.getRandomValues` takes none whose memory threads may share.
 */
export type RandomSource = (bytes: ReturnType<typeof Uint8Array.of>) => void;

/** How many bytes are asked for at once: a call for 4 costs almost what one for 8 KiB does. */
const POOL = 4096;

/** The runtime's own, as most have it; the name is looked up when it is used, so that it may be missing. */
export const defaultRandom: RandomSource = (bytes) => {
  const { crypto } = globalThis as { crypto?: { getRandomValues?(bytes: Uint8Array): unknown } };
  if (typeof crypto?.getRandomValues !== 'function') {
    throw new TypeError('this runtime has no crypto.getRandomValues: give the connection a `random` of its own');
  }
  crypto.getRandomValues(bytes);
};

/** Masking keys from a pool of random bytes. */
export class KeySource {
  readonly #random: RandomSource;
  readonly #size: number;
  #pool: Parameters<RandomSource>[0] | undefined;
  #at: number;

  /** @param size how many bytes to draw at once, a multiple of 4 */
  constructor(random: RandomSource, size = POOL) {
    this.#random = random;
    this.#size = size;
    this.#pool = undefined;
    this.#at = size;
  }

  /** The next four bytes, the first the lowest. */
  next(): number {
    const pool = (this.#pool ??= new Uint8Array(this.#size));
    if (this.#at === this.#size) {
      this.#random(pool);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at = at + 4;
    return pool[at] | (pool[at + 1] << 8) | (pool[at + 2] << 16) | (pool[at + 3] << 24);
  }
}
