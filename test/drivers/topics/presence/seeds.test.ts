/** Faults at random, the same for a seed: `PRESENCE_SEEDS=10000 npx vitest run test/drivers/topics/presence/seeds.test.ts` tries more. */
import { test } from 'vitest';
import { World } from './world.ts';

const SEEDS = Number(process.env.PRESENCE_SEEDS ?? 100);

const timeout = 60_000 + 1000 * SEEDS;

test(`${SEEDS} seeds: no ghosts after a lease, and all know the same when it is quiet`, { timeout }, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const world = new World(seed, 4, 100_000);
      for (let step = 0; step < 60; step++) world.step();
      world.settle();
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});
