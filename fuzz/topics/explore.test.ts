/** A few moves deep, so that every law is tried on each change; `npm run explore:topics` goes further. */
import { expect, test } from 'vitest';
import { exploreTopics } from './explore.ts';

test('every state that a hub’s machine reaches in 5 moves obeys the laws', { timeout: 60_000 }, () => {
  const { broken, states } = exploreTopics(5);
  expect(broken, `${broken?.trace.join(' ')}\n${broken?.error.stack}`).toBeUndefined();
  expect(states).toBeGreaterThan(5000);
});
