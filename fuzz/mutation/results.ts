/**
 * What became of a file's mutants, kept in `reports/mutation/` as soon as its folder is done, so that a run that is given
 * up has lost one folder at most. What was killed counts for as long as the file is what it was, what lived for as long as
 * the tests are too: a mutant that a new test is to kill is tried again, and no other.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { folderOf, testsOf } from './folders.ts';

const SHELF = 'reports/mutation';

/** Stryker's JSON report, as far as it is read here. */
interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: Readonly<Record<'start' | 'end', { readonly line: number; readonly column: number }>>;
}

export interface Result {
  readonly source: string;
  readonly tests: string;
  readonly seconds: number;
  readonly killed: number;
  /** Those that lived, and those that no test comes across. */
  readonly lived: readonly Lived[];
}

interface Lived {
  /** Where it is, as Stryker's `--mutate` takes it: `12:4-12:9`. */
  readonly range: string;
  readonly words: string;
}

/** What to give to `--mutate` so that a file's result is what the file and the tests are now; nothing when it is so. */
export function untried(file: string, before: Result | undefined): string[] {
  const path = `protocol/${file}.ts`;
  if (before === undefined) return [path];
  const { lived, tests } = before;
  return tests === hashesOf(file).tests ? [] : [...new Set(lived.map(({ range }) => `${path}:${range}`))];
}

/** Of a file that is what it was. */
export function keptResult(file: string): Result | undefined {
  const path = `${SHELF}/${file}.json`;
  if (!existsSync(path)) return undefined;
  const result = JSON.parse(readFileSync(path, 'utf8')) as Result;
  return result.source === hashesOf(file).source ? result : undefined;
}

/** A file that Stryker was told to try: what was kept of it before, and what it and its tests were when it began. */
export interface Tried {
  readonly file: string;
  readonly before: Result | undefined;
  readonly hashes: Hashes;
}

interface Hashes {
  readonly source: string;
  readonly tests: string;
}

/** Keeps what a run of Stryker reported of these files; it reports nothing of one that has no mutants. */
export function keepResults(files: readonly Tried[], seconds: number, reportPath: string): void {
  const report = existsSync(reportPath)
    ? (JSON.parse(readFileSync(reportPath, 'utf8')) as Report)
    : { files: {} as Report['files'] };
  const count = Object.values(report.files).reduce((sum, { mutants }) => sum + mutants.length, 0);
  for (const { file, before, hashes } of files) {
    const mutants = report.files[`protocol/${file}.ts`]?.mutants ?? [];
    const lived = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage').map(inWords);
    const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
    const result: Result = {
      ...hashes,
      seconds: (before?.seconds ?? 0) + (count === 0 ? 0 : (seconds * mutants.length) / count),
      killed: before === undefined ? killed : before.killed + before.lived.length - lived.length,
      lived,
    };
    const path = `${SHELF}/${file}.json`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify(result, undefined, 2));
  }
}

/** `92.0 %  127 of 138`, as Stryker counts: one that hangs is killed, one that cannot be tried is left out. */
export function score(results: readonly Result[]): { percent: number; words: string } {
  const killed = results.reduce((sum, one) => sum + one.killed, 0);
  const all = results.reduce((sum, one) => sum + one.killed + one.lived.length, 0);
  const percent = all === 0 ? 100 : (100 * killed) / all;
  const seconds = Math.round(results.reduce((sum, one) => sum + one.seconds, 0));
  return { percent, words: `${percent.toFixed(1).padStart(5)} %  ${killed} of ${all}, ${seconds} s` };
}

/** Stryker's columns begin with 1 in its report, and with 0 in its options. */
function inWords({ location: { start, end }, mutatorName, replacement, status }: Mutant): Lived {
  const to = replacement === undefined ? '' : `: ${replacement.replaceAll(/\s+/g, ' ').slice(0, 80)}`;
  const never = status === 'NoCoverage' ? ' (no test comes here)' : '';
  return {
    range: `${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`,
    words: `${start.line}:${start.column} ${mutatorName}${to}${never}`,
  };
}

export function hashesOf(file: string): Hashes {
  return { source: hashOf([`protocol/${file}.ts`]), tests: hashOf(testsOf(folderOf(file))) };
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}
