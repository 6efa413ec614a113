import type { Case } from './case.ts';
import { framing } from './cases/1-framing.ts';
import { compression, compressionParameters, describeTerms, payloadsOf12, termsOf13 } from './cases/12-compression.ts';
import { pings } from './cases/2-pings.ts';
import { reservedBits } from './cases/3-reserved-bits.ts';
import { opcodes } from './cases/4-opcodes.ts';
import { fragmentation } from './cases/5-fragmentation.ts';
import { sequences } from './cases/6-sequences.ts';
import { utf8 } from './cases/6-utf8.ts';
import { autoFragmentation, closing } from './cases/7-close.ts';
import { limits } from './cases/9-limits.ts';

/** The version of Autobahn Testsuite whose cases these are. */
export const SUITE_VERSION = '25.10.1';

/** Every case, in the order of the numbers. */
export const cases: readonly Case[] = [
  framing,
  pings,
  reservedBits,
  opcodes,
  fragmentation,
  utf8,
  closing,
  limits,
  autoFragmentation,
  compression,
  compressionParameters,
].flat();

/** The names of the chapters, '7', and of the sections, '7.9'. */
export const titles: ReadonlyMap<string, string> = new Map([
  ['1', 'Framing'],
  ['1.1', 'Text messages'],
  ['1.2', 'Binary messages'],
  ['2', 'Pings and pongs'],
  ['3', 'Reserved bits'],
  ['4', 'Opcodes'],
  ['4.1', 'Non-control opcodes'],
  ['4.2', 'Control opcodes'],
  ['5', 'Fragmentation'],
  ['6', 'UTF-8 handling'],
  ['6.1', 'Valid UTF-8 with empty fragments'],
  ['6.2', 'Valid UTF-8, whole, and cut between and within code points'],
  ['6.3', 'Invalid UTF-8, cut in different ways'],
  ['6.4', 'Failing fast on invalid UTF-8'],
  ...sequences.map(({ name }, i) => [`6.${5 + i}`, name] as const),
  ['7', 'Close handling'],
  ['7.1', 'Basic closing'],
  ['7.3', 'Close frames: the length of the payload'],
  ['7.5', 'Close frames: the payload'],
  ['7.7', 'Close frames: valid codes'],
  ['7.9', 'Close frames: invalid codes'],
  ['7.13', 'Close frames: codes beyond 4999'],
  ['9', 'Limits and performance'],
  ['9.1', 'Text messages of increasing size'],
  ['9.2', 'Binary messages of increasing size'],
  ['9.3', 'Fragmented text messages'],
  ['9.4', 'Fragmented binary messages'],
  ['9.5', 'Text messages in chops'],
  ['9.6', 'Binary messages in chops'],
  ['9.7', 'Round trips of text messages'],
  ['9.8', 'Round trips of binary messages'],
  ['10', 'Auto-fragmentation'],
  ['12', 'Compression: different payloads'],
  ...payloadsOf12.map(({ name, size }, i) => [`12.${1 + i}`, `${name} (${size})`] as const),
  ['13', 'Compression: different parameters'],
  ...termsOf13.map((terms, i) => [`13.${1 + i}`, describeTerms(terms)] as const),
]);

/**
 * The cases that match one of the patterns and none of the others. A pattern is a case's number, or has stars: '7.*',
 * '9.[^1]' is none. Throws a RangeError for a pattern that matches nothing.
 */
export function selectCases(patterns: readonly string[], excluded: readonly string[] = []): readonly Case[] {
  const wanted = patterns.map(compile);
  const unwanted = excluded.map(compile);
  return cases.filter(({ id }) => wanted.some((it) => it.test(id)) && !unwanted.some((it) => it.test(id)));
}

/** The case of this number, if there is one. */
export function findCase(id: string): Case | undefined {
  return cases.find((it) => it.id === id);
}

/** The same cases with so many messages where there are many: for a short run of 9.7, 9.8, 12 and 13. */
export function withMessages(selected: readonly Case[], count: number): readonly Case[] {
  return selected.map((it) => (it.conduct.kind === 'round-trips' ? { ...it, conduct: { ...it.conduct, count } } : it));
}

function compile(pattern: string): RegExp {
  if (!/^[\d.*]+$/.test(pattern)) throw new RangeError(`not a pattern for cases: ${pattern}`);
  // As in the official suite, what has a star is a beginning: '1.*' is everything from 1.1.1 to 1.2.8.
  const body = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
  const regex = new RegExp(pattern.includes('*') ? `^${body}` : `^${body}$`);
  if (!cases.some(({ id }) => regex.test(id))) throw new RangeError(`no case matches ${pattern}`);
  return regex;
}
