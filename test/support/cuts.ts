/** The ways to cut a run of bytes, for tests that must not depend on it. */

/** Whole, in pieces of one size, or at given offsets. */
export type Cutting = 'whole' | number | readonly number[];

/** The pieces of `bytes`, each in memory of its own, as a receiver may write to it. */
export function cut(bytes: Uint8Array, cutting: Cutting): Uint8Array[] {
  if (bytes.length === 0) return [];
  if (cutting === 'whole') return [bytes.slice()];
  const offsets = typeof cutting === 'number' ? multiples(cutting, bytes.length) : cutting;
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (const end of [...offsets, bytes.length]) {
    if (end > start && end <= bytes.length) pieces.push(bytes.slice(start, (start = end)));
  }
  return pieces;
}

/** Whole, byte by byte, and in two at every point between two bytes. */
export function* everyCutting(length: number): Generator<Cutting> {
  yield 'whole';
  if (length > 1) yield 1;
  for (let at = 1; at < length; at++) yield [at];
}

export function join(...pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function multiples(size: number, length: number): number[] {
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => (i + 1) * size);
}
