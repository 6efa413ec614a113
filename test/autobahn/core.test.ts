/**
 * The core, in both roles, against every case: in memory, whole and octet by octet, and over the pipe, cut at random.
 * The large cases of 9.* are run with a few others of their kind by `npm run autobahn:big`.
 */
import { describe, expect, test } from 'vitest';
import type { Case } from '../../autobahn/case.ts';
import { selectCases, withMessages } from '../../autobahn/catalogue.ts';
import type { Role } from '../../autobahn/endpoint.ts';
import { runInMemory } from '../../autobahn/memory.ts';
import { expectedOf } from '../../autobahn/official/expected.ts';
import type { Outcome } from '../../autobahn/run.ts';
import { corePeer } from './support/core-peer.ts';
import { runOverPipe } from './support/pipe-run.ts';

const protocol = selectCases(['*'], ['9.*', '12.*', '13.*']);
/** Those whose payloads are small enough to go octet by octet. */
const small = selectCases(
  ['*'],
  ['1.1.6', '1.1.7', '1.1.8', '1.2.6', '1.2.7', '1.2.8', '7.1.6', '9.*', '10.*', '12.*', '13.*'],
);
const limits = withMessages(
  selectCases(['9.1.1', '9.1.3', '9.2.2', '9.3.3', '9.4.5', '9.5.6', '9.6.5', '9.7.*', '9.8.*']),
  20,
);
/** Every payload, parameter set and kind of fragmentation of 12 and 13; sizes up to 32 KiB, and one of the largest. */
const compression = withMessages(
  selectCases(['12.*', '13.*'], ['*.9', '*.10', '*.14', '*.15', '*.16', '*.17', '*.18']).concat(
    selectCases(['12.5.18']),
  ),
  4,
);

const roles = [
  { ours: 'server', suite: 'client' },
  { ours: 'client', suite: 'server' },
] as const;

/** What the official suite must say of us, and what it says here instead. */
function differences(ours: Role, cases: readonly Case[], run: (test: Case) => Outcome): string[] {
  const expected = expectedOf(ours);
  return cases.flatMap((it) => {
    const { behavior, behaviorClose, result, resultClose } = run(it);
    const [wantBehavior, wantClose] = expected(it.id);
    if (behavior === wantBehavior && behaviorClose === wantClose) return [];
    return [`${it.id}: ${behavior} / ${behaviorClose}: ${result} ${resultClose}`];
  });
}

describe.each(roles)('our $ours passes strictly', ({ ours, suite }) => {
  test.each([
    ['1 to 7 and 10', protocol, 'whole'],
    ['1 to 7, octet by octet', small, 'octets'],
    ['limits', limits, 'whole'],
    ['compression', compression, 'whole'],
  ] as const)('%s, in memory', (_, cases, delivery) => {
    expect(differences(ours, cases, (it) => runInMemory(it, suite, corePeer(ours), delivery))).toEqual([]);
  });

  test.each([
    ['whole', 'whole'],
    ['cut at random', 'random'],
  ] as const)('1 to 7 and 10, over the pipe, %s', (_, cut) => {
    expect(differences(ours, protocol, (it) => runOverPipe(it, suite, { cut }))).toEqual([]);
  });
});

test('a core without compression is told so, and nothing worse', () => {
  const outcome = runInMemory(selectCases(['12.1.1'])[0]!, 'client', corePeer('server', { compress: false }));
  expect([outcome.behavior, outcome.behaviorClose]).toEqual(['UNIMPLEMENTED', 'OK']);
});
