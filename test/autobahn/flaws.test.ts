import { describe, expect, test } from 'vitest';
import type { Case } from '../../autobahn/case.ts';
import { selectCases, withMessages } from '../../autobahn/catalogue.ts';
import { runInMemory } from '../../autobahn/memory.ts';
import { echoPeer } from './support/echo-peer.ts';
import type { Flaw } from './support/echo-peer.ts';

/** What is run: all that is quick, and a few of the others. */
const chapters = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '10.*'];
const some = ['9.1.1', '9.3.6', '9.7.2', '12.1.2', '12.4.12', '13.2.4', '13.3.4', '13.5.4', '13.7.4'];
const selected = withMessages(selectCases([...chapters, ...some]), 4);

/** Which cases are expected to fail: patterns, or a property of the case. */
type Which = readonly string[] | ((test: Case) => boolean);

interface Expected {
  /** Cases whose behaviour is FAILED. */
  readonly behavior: Which;
  /** Cases whose behaviour is NON-STRICT. */
  readonly nonStrict?: Which;
  /** Cases whose closing is neither OK nor INFORMATIONAL; left out where they don't matter. */
  readonly closing?: Which;
  /** What their closing comes to. */
  readonly verdicts?: readonly string[];
}

const invalidText: Which = (it) => it.closing.wrongSideIsFatal === true;
const judged: Which = (it) => it.informational === undefined;
const closedByTheSuite: Which = (it) => judged(it) && it.closing.byMe && it.closing.clean;
const exchanges: Which = (it) => it.conduct.kind === 'exchange';
const compressed: Which = (it) => it.deflate !== undefined;
/** A message with octets comes back in these. */
const echoes = (kinds: readonly boolean[]) => (it: Case) =>
  it.conduct.kind === 'exchange'
    ? judged(it) && it.conduct.ok.some((seen) => seen.type === 'message' && kinds.includes(seen.binary))
    : kinds.includes(it.conduct.binary);
const echoesOctets: Which = (it) =>
  echoes([true, false])(it) &&
  (it.conduct.kind !== 'exchange' || it.conduct.ok.some((seen) => seen.type === 'message' && seen.payload.length > 0));

const pongs = ['2.2', '2.3', '2.4', '2.6', '2.9', '2.10', '2.11', '5.6', '5.7', '5.8', '5.19', '5.20'];

const flaws: Record<Flaw, Expected> = {
  'echoes text as binary': { behavior: echoes([false]) },
  // 3.7 has nothing that could come back.
  'ignores reserved bits': { behavior: ['3.1', '3.2', '3.3', '3.4', '3.5', '3.6'], verdicts: ['FAILED'] },
  'takes reserved opcodes for text': { behavior: ['4.*'], closing: ['4.*'], verdicts: ['FAILED'] },
  'answers no ping': { behavior: ['2.1', ...pongs], closing: [] },
  'answers pings without their payload': { behavior: pongs, closing: [] },
  'takes control frames of any size': {
    behavior: ['2.5', '7.3.6'],
    closing: ['2.5', '7.3.6'],
    verdicts: ['FAILED', 'WRONG CODE'],
  },
  // 5.2's pong is dropped, and its continuation continues nothing.
  'takes fragmented control frames': { behavior: ['5.1'] },
  'takes a continuation of nothing for text': { behavior: ['5.9', '5.10', '5.11', '5.17'] },
  'takes a new message inside a message': { behavior: ['5.18'], closing: ['5.18'], verdicts: ['FAILED'] },
  'does not look at UTF-8': { behavior: invalidText, closing: invalidText, verdicts: ['FAILED'] },
  'looks at UTF-8 at the end of a message only': { behavior: [], nonStrict: ['6.4.*'], closing: [] },
  'fails invalid UTF-8 with 1002': { behavior: [], closing: invalidText, verdicts: ['WRONG CODE'] },
  'takes any close code': {
    behavior: ['7.9.*'],
    closing: ['7.3.2', '7.9.*'],
    verdicts: ['FAILED BY CLIENT', 'WRONG CODE'],
  },
  'answers every Close with 1001': {
    behavior: (it) => closedByTheSuite(it) && it.codeMatters === true && it.id !== '7.7.2',
    closing: (it) => closedByTheSuite(it) && it.id !== '7.7.2',
    verdicts: ['WRONG CODE'],
  },
  'does not end TCP': { behavior: [], closing: judged, verdicts: ['FAILED BY CLIENT', 'UNCLEAN'] },
  'ends TCP without a Close': { behavior: [], closing: closedByTheSuite, verdicts: ['UNCLEAN'] },
  'goes on after a Close': {
    behavior: ['7.1.3', '7.1.4', '7.1.5'],
    closing: closedByTheSuite,
    verdicts: ['FAILED BY CLIENT', 'UNCLEAN'],
  },
  // A pong is taken although it is masked, as in the official suite; a second one finds the connection dropped.
  'masks what it sends': {
    behavior: (it) =>
      judged(it) && (!exchanges(it) || invalidText(it) || (it.closing.byMe && !/^(?:2\.\d$|7\.(?!1\.1$))/.test(it.id))),
    nonStrict: ['3.2', '3.3', '3.4', '4.1.3', '4.1.4', '4.1.5', '4.2.3', '4.2.4', '4.2.5', '5.15'],
    closing: judged,
  },
  'cuts messages at 65535 octets': { behavior: ['1.1.7', '1.1.8', '1.2.7', '1.2.8', '9.1.1', '9.3.6', '10.1.1'] },
  'loses what follows the first frame of a read': {
    behavior: [
      ...['2.9', '2.10', '5.3', '5.6', '5.19', '6.1.2', '6.1.3', '6.2.2', '6.2.3', '6.2.4', '6.3.2'],
      ...['9.3.6', '10.1.1', '12.4.12'],
    ],
    nonStrict: ['5.15'],
  },
  'forgets the context of what it inflates': { behavior: compressed, closing: compressed, verdicts: ['FAILED'] },
  'keeps the context of what it deflates': { behavior: ['13.2.4', '13.5.4', '13.7.4'] },
  'deflates with a larger window than it may': { behavior: ['13.3.4'] },
  'sends a wrong Sec-WebSocket-Accept': { behavior: () => true, closing: () => true, verdicts: ['FAILED'] },
  'echoes the wrong octets': { behavior: echoesOctets },
};

test('an echo that is right passes everything', () => {
  const verdicts = new Set(selected.map((it) => runInMemory(it, 'client', echoPeer()).behavior));
  expect(verdicts).toEqual(new Set(['OK', 'INFORMATIONAL']));
});

describe('an echo that', () => {
  test.each(Object.entries(flaws) as [Flaw, Expected][])('%s fails the right cases', (flaw, expected) => {
    const outcomes = selected.map((it) => runInMemory(it, 'client', echoPeer(flaw)));
    const having = (of: (it: (typeof outcomes)[number]) => boolean): string[] =>
      outcomes.filter(of).map((it) => it.test.id);

    expect(having((it) => it.behavior === 'FAILED')).toEqual(idsOf(expected.behavior));
    expect(having((it) => it.behavior === 'NON-STRICT')).toEqual(idsOf(expected.nonStrict ?? []));
    const bad = outcomes.filter((it) => it.behaviorClose !== 'OK' && it.behaviorClose !== 'INFORMATIONAL');
    if (expected.closing !== undefined) expect(bad.map((it) => it.test.id)).toEqual(idsOf(expected.closing));
    if (expected.verdicts !== undefined) {
      expect([...new Set(bad.map((it) => it.behaviorClose as string))].sort()).toEqual([...expected.verdicts].sort());
    }
  });
});

function idsOf(which: Which): string[] {
  if (typeof which === 'function') return selected.filter(which).map(({ id }) => id);
  const wanted = which.length === 0 ? new Set() : new Set(selectCases(which).map(({ id }) => id));
  return selected.filter(({ id }) => wanted.has(id)).map(({ id }) => id);
}
