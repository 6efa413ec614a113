/** A few moves deep, so that every law is tried on each change; `npm run explore` goes further. */
import { expect, test } from 'vitest';
import { explore, untaken } from './explore.ts';

const taken = new Set<string>();

test.each([
  { start: 'open', depth: 3, least: 1000 },
  { start: 'opening', depth: 5, least: 1500 },
  { start: 'patient', depth: 4, least: 5000 },
  { start: 'frugal', depth: 4, least: 5000 },
  { start: 'later', depth: 4, least: 5000 },
  { start: 'slow', depth: 4, least: 3000 },
] as const)(
  'every state that two cores reach in $depth moves obeys the laws: $start',
  { timeout: 60_000 },
  ({ start, depth, least }) => {
    const { broken, states, taken: changes } = explore(depth, start);
    for (const change of changes) taken.add(change);
    expect(broken, broken?.error.stack).toBeUndefined();
    expect(states).toBeGreaterThan(least);
  },
);

/** What two cores do not do to one another, or not within a few moves. test/protocol/states.test.ts does it to them. */
const ELSEWHERE = [
  /PLAIN_REQUEST|FIELDS|ANSWERED|client: LINGERING/, // HTTP/2, and requests for something else
  /refuse|fault|FAULT|client: ENDING/, // a peer that breaks the rules
  /flood|failure/, // and what breaks without it
  /server: (AWAITING_RESPONSE|LAST_RESPONSE|AWAITING_EOF)|client: (AWAITING_REQUEST|DECIDING)/, // states of the other role
  /CLOSE_RECEIVED timeout|CLOSE_QUEUED\w* timeout|client: .*CLOSE_QUEUED_AND_RECEIVED/,
];

test('on the way there they make every change of state that the tables have for two that keep the rules', () => {
  expect(untaken(taken).filter((change) => !ELSEWHERE.some((pattern) => pattern.test(change)))).toEqual([]);
});
