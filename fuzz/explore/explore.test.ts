/** A few moves deep, so that every law is tried on each change; `npm run explore` goes further. */
import { expect, test } from 'vitest';
import { explore } from './explore.ts';

test.each([
  { start: 'open', depth: 3, least: 1000 },
  { start: 'opening', depth: 5, least: 1500 },
] as const)(
  'every state that two cores reach in $depth moves obeys the laws: $start',
  { timeout: 60_000 },
  ({ start, depth, least }) => {
    const { broken, states } = explore(depth, start);
    expect(broken, broken?.error.stack).toBeUndefined();
    expect(states).toBeGreaterThan(least);
  },
);
