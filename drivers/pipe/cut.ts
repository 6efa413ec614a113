import type { SeededRandom } from './random.ts';

/**
 * How a stream of bytes is cut into what one read brings:
 * - `'whole'`: all that has arrived;
 * - a number: at most that many bytes, so that 1 is byte by byte;
 * - an array: pieces of these sizes in turn, and then whole;
 * - `'random'`: sizes drawn from the seed, small ones as likely as large ones.
 *
 * A cut never waits for bytes: a piece is shorter when no more have arrived.
 */
export type Cut = 'whole' | 'random' | number | readonly number[];

/** Sizes of random pieces reach up to 2 to this power. */
const LARGEST_POWER = 17;

/** Gives the sizes for one direction of a connection, one after the other. */
export class Cutter {
  readonly #cut: Cut;
  readonly #random: SeededRandom;
  #used: number;

  constructor(cut: Cut, random: SeededRandom) {
    this.#cut = cut;
    this.#random = random;
    this.#used = 0;
  }

  /** The most that the next piece may hold, in bytes. */
  next(): number {
    const cut = this.#cut;
    if (cut === 'whole') return Infinity;
    if (cut === 'random') return Math.ceil(2 ** this.#random.between(0, LARGEST_POWER));
    if (typeof cut === 'number') return cut;
    return cut[this.#used++] ?? Infinity;
  }
}

/** Checks a cut and takes a copy of it. Throws a TypeError or RangeError for what is none. */
export function checkCut(cut: Cut): Cut {
  if (cut === 'whole' || cut === 'random') return cut;
  if (typeof cut === 'number') {
    checkSize(cut);
    return cut;
  }
  if (!Array.isArray(cut)) throw new TypeError("a cut must be 'whole', 'random', a size or an array of sizes");
  cut.forEach(checkSize);
  return [...cut];
}

function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError('a piece must have a whole number of bytes, at least 1');
}
