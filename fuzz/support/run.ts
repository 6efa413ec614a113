/** Runs a target: so many inputs from a seed, and what broke it, shrunk. */
import * as fc from 'fast-check';
import type { Target } from './target.ts';

export interface Counterexample {
  readonly input: unknown;
  readonly error: string;
  /** The seed and path that lead to it again. */
  readonly seed: number;
  readonly path: string | null;
}

/** Tries `runs` inputs. Returns what broke the claim, shrunk as far as it went, or undefined. */
export async function tryInputs(target: Target, runs: number, seed: number): Promise<Counterexample | undefined> {
  const property = fc.asyncProperty(target.arbitrary, async (input: unknown) => {
    await target.check(input);
  });
  const result = await fc.check(property, { seed, numRuns: runs });
  if (!result.failed) return undefined;
  const error =
    result.errorInstance instanceof Error ? (result.errorInstance.stack ?? '') : String(result.errorInstance);
  return { input: result.counterexample![0], error, seed, path: result.counterexamplePath };
}
