/** Every target for a bounded number of inputs, always the same ones, and every input that was kept. */
import { describe, expect, test } from 'vitest';
import { keptInputs } from './support/kept.ts';
import { tryInputs } from './support/run.ts';
import { TARGETS } from './targets/index.ts';

const seed = Number(process.env.FUZZ_SEED ?? 1);

describe.each(TARGETS.map((target) => [`${target.name}: ${target.claim}`, target] as const))('%s', (_, target) => {
  test(`${target.runs} inputs of seed ${seed}`, { timeout: 60_000 }, async () => {
    const found = await tryInputs(target, target.runs, seed);
    expect(found, found?.error).toBeUndefined();
  });

  for (const shelf of ['corpus', 'regressions'] as const) {
    const kept = keptInputs(target, shelf);
    if (kept.length === 0) continue;
    test.each(kept)(`${shelf}: $file`, async ({ input }) => {
      await target.check(input);
    });
  }
});
