/** A hub's machine between a failing engine and slow subscribers: in order, once, or told, whatever happens when. */
import * as fc from 'fast-check';
import type { Target } from '../support/target.ts';
import { World } from '../topics/world.ts';

/** Each number chooses among the moves that are possible then. */
type Input = readonly number[];

export const topics: Target<Input> = {
  name: 'topics',
  claim: 'every message reaches every subscriber in order and once, or a gap is told in its place',
  arbitrary: fc.array(fc.nat(1000), { minLength: 5, maxLength: 120 }),
  runs: 600,
  check: (choices) => {
    const world = new World({ publishes: 30, faults: 8 });
    for (const choice of choices) {
      const moves = world.moves();
      world.make(moves[choice % moves.length]!);
    }
    world.settle();
  },
};
