/** A few moves deep, so that every law is tried on each change; `npm run explore` goes further. */
import { expect, test } from 'vitest';
import { explore } from './explore.ts';

test('every state that two cores reach in three moves obeys the laws', { timeout: 60_000 }, () => {
  const { broken, states } = explore(3);
  expect(broken, broken?.error.stack).toBeUndefined();
  expect(states).toBeGreaterThan(1000);
});
