/** What was seen, as `results.json` keeps it between runs: a row for each stack in each of its roles. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Role } from './stacks/stack.ts';

/** What came of one stack in one role. */
export interface Row {
  readonly stack: string;
  readonly version: string;
  readonly role: Role;
  /** The day of the run, as 2026-11-29. */
  readonly seen: string;
  /** The scenarios for which the stack has no call. */
  readonly unable: readonly string[];
  /** By scenario, what happened where it was not as expected. */
  readonly otherwise: Readonly<Record<string, string>>;
}

/** What such a result begins with that a second try did not repeat. */
export const AT_TIMES = 'at times, ';

const FILE = new URL('./results.json', import.meta.url);

export function readResults(): readonly Row[] {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Row[];
}

export function writeResults(rows: readonly Row[]): void {
  writeFileSync(FILE, `${JSON.stringify(rows, undefined, 2)}\n`);
}

/** The row of a stack in a role. */
export function find(rows: readonly Row[], { stack, role }: Pick<Row, 'stack' | 'role'>): Row | undefined {
  return rows.find((row) => row.stack === stack && row.role === role);
}

/** In a line each, what the two rows of one stack and role disagree on. */
export function differences(then: Row | undefined, now: Row): string[] {
  const words = (row: Row, name: string): string =>
    row.otherwise[name] ?? (row.unable.includes(name) ? "can't" : 'as expected');
  const names = new Set([then ?? now, now].flatMap((row) => [...Object.keys(row.otherwise), ...row.unable]));
  const was = (name: string): string => (then === undefined ? 'not seen' : words(then, name));
  const lines = [...names]
    .filter((name) => was(name) !== words(now, name))
    .filter((name) => ![was(name), words(now, name)].some((word) => word.startsWith(AT_TIMES)))
    .map((name) => `${name}: ${words(now, name)}, and was: ${was(name)}`);
  return then === undefined ? ['never seen before', ...lines] : lines;
}
