/** What a fuzz target is: a claim, inputs, and a check that throws when an input breaks the claim. */
import type * as fc from 'fast-check';

export interface Target<Input = any> {
  readonly name: string;
  /** What holds for every input. */
  readonly claim: string;
  /** Inputs are plain data, so that a counterexample can be kept as JSON (support/json.ts). */
  readonly arbitrary: fc.Arbitrary<Input>;
  /** Throws, or rejects, when the claim doesn't hold. */
  check(input: Input): void | Promise<void>;
  /** How many inputs `npm test` tries. */
  readonly runs: number;
}

/** Throws with this text unless `condition` holds. */
export function assert(condition: boolean, text: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof text === 'string' ? text : text());
}

/** Throws unless both are the same as JSON, bytes included. */
export function assertSame(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [describe(actual), describe(expected)];
  if (a !== b) throw new Error(`${what}:\n  ${a}\n  is not\n  ${b}`);
}

export function describe(value: unknown): string {
  return JSON.stringify(value, (_key, it: unknown) => {
    if (it instanceof Uint8Array) return `bytes ${Buffer.from(it.buffer, it.byteOffset, it.length).toString('hex')}`;
    if (it === Infinity) return 'Infinity';
    if (it === undefined) return 'undefined';
    return it;
  });
}
