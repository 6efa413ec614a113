/** A few hundred connections, for a moment: `npm run ten-thousand` has ten thousand. */
import { describe, expect, test } from 'vitest';
import { type ClientBooks, compare, PATIENCE, type ServerBooks } from './books.ts';
import { tenThousand, tooManyFor } from './run.ts';

const CONNECTIONS = 300;

test('a server that is told to end amid the traffic of hundreds loses no message, and its process ends by itself', async () => {
  expect(tooManyFor(CONNECTIONS)).toBeUndefined();
  const { failures, exit } = await tenThousand({
    connections: CONNECTIONS,
    messages: 10 * CONNECTIONS,
    limit: PATIENCE,
  });
  expect(failures).toEqual([]);
  expect(exit).toBe(0);
}, 130_000);

test('more connections than the system allows files are refused by name', () => {
  expect(tooManyFor(1e9)).toMatch(
    /^1000000000 connections need 1000000100 open files in one process: `ulimit -n` allows \d+$/,
  );
});

describe('the comparison of the two sides’ books', () => {
  const server: ServerBooks = { openAtSignal: 1, received: [9], answered: [7], served: 1, violations: [], peak: 0 };
  const client: ClientBooks = { sent: [9], acknowledged: [7], goneAway: 1, violations: [] };
  const failures = (ours: Partial<ServerBooks>, theirs: Partial<ClientBooks>): string[] =>
    compare(1, { ...server, ...ours }, { ...client, ...theirs });

  test.each([
    ['nothing, where all is well', {}, {}, []],
    ['a message that was lost', { received: [8] }, {}, ['connection 0: 9 were sent, 8 received']],
    ['an answer that was lost', {}, { acknowledged: [6] }, ['connection 0: 7 were answered, 6 acknowledged']],
    ['answers that were not given', { answered: [4] }, { acknowledged: [4] }, ['connection 0: 5 of 9 had no answer']],
    ['a connection that was gone', { openAtSignal: 0 }, {}, ['0 of 1 were open at the signal']],
    ['a handler that did not return', { served: 0 }, {}, ['0 of 1 handlers saw a clean end and returned']],
    ['another end than 1001', {}, { goneAway: 0 }, ['0 of 1 clients saw a clean end, with 1001']],
    ['what either side saw', { violations: ['a'] }, { violations: ['b'] }, ['a', 'b']],
  ] as const)('names %s', (_, ours, theirs, expected) => {
    expect(failures(ours, theirs)).toEqual(expected);
  });
});
