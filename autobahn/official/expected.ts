import { readFileSync } from 'node:fs';
import type { Role } from '../endpoint.ts';
import type { IndexEntry } from '../report/json.ts';

/** What the official suite must say of us: by role, of each case, `*` of those that have no line of their own. */
interface ExpectedResults {
  readonly suite: string;
  readonly server: Readonly<Record<string, string>>;
  readonly client: Readonly<Record<string, string>>;
}

/** Behaviour and closing; one word in the file stands for both. */
export type ExpectedVerdict = readonly [behavior: string, behaviorClose: string];

export function expectedOf(role: Role): (id: string) => ExpectedVerdict {
  const file = new URL('./expected-results.json', import.meta.url);
  const verdicts = (JSON.parse(readFileSync(file, 'utf8')) as ExpectedResults)[role];
  return (id) => {
    const [behavior = '', behaviorClose = behavior] = (verdicts[id] ?? verdicts['*'] ?? '').split(' / ');
    return [behavior, behaviorClose];
  };
}

/** One line for each of these cases that came out differently, or did not run. */
export function differencesFromExpected(
  role: Role,
  ids: readonly string[],
  entries: Readonly<Record<string, Pick<IndexEntry, 'behavior' | 'behaviorClose'>>>,
): string[] {
  const expected = expectedOf(role);
  return ids.flatMap((id) => {
    const [behavior, behaviorClose] = expected(id);
    const entry = entries[id];
    if (entry?.behavior === behavior && entry.behaviorClose === behaviorClose) return [];
    const got = entry === undefined ? 'not run' : `${entry.behavior} / ${entry.behaviorClose}`;
    return [`${role} ${id}: ${got}, expected ${behavior} / ${behaviorClose}`];
  });
}
