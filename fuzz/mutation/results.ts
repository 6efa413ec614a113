/**
 * What became of a file's mutants, kept in `reports/mutation/` as soon as the file is done, so that a run that is given
 * up has lost one file at most. A result counts for as long as the file and the tests that try it are what they were.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { globSync } from 'tinyglobby';
import { FOLDERS } from './folders.ts';

const SHELF = 'reports/mutation';

/** Stryker's JSON report, as far as it is read here. */
interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

export interface Result {
  readonly hash: string;
  readonly seconds: number;
  readonly killed: number;
  /** Those that lived, and those that no test comes across. */
  readonly lived: readonly string[];
}

export function keptResult(file: string): Result | undefined {
  const path = `${SHELF}/${file}.json`;
  if (!existsSync(path)) return undefined;
  const result = JSON.parse(readFileSync(path, 'utf8')) as Result;
  return result.hash === hashOf(file) ? result : undefined;
}

/**
 * Keeps what a run of Stryker reported of this file, which began with this hash; it reports nothing of a file that has no
 * mutants.
 */
export function keepResult(file: string, hash: string, seconds: number, reportPath: string): Result {
  const report = existsSync(reportPath)
    ? (JSON.parse(readFileSync(reportPath, 'utf8')) as Report)
    : { files: {} as Report['files'] };
  const mutants = Object.values(report.files).flatMap((one) => one.mutants);
  const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const lived = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage').map(inWords);
  const result: Result = { hash, seconds, killed, lived };
  const path = `${SHELF}/${file}.json`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(result, undefined, 2));
  return result;
}

/** `92.0 %  127 of 138`, as Stryker counts: one that hangs is killed, one that cannot be tried is left out. */
export function score(results: readonly Result[]): { percent: number; words: string } {
  const killed = results.reduce((sum, one) => sum + one.killed, 0);
  const all = results.reduce((sum, one) => sum + one.killed + one.lived.length, 0);
  const percent = all === 0 ? 100 : (100 * killed) / all;
  const seconds = Math.round(results.reduce((sum, one) => sum + one.seconds, 0));
  return { percent, words: `${percent.toFixed(1).padStart(5)} %  ${killed} of ${all}, ${seconds} s` };
}

function inWords({ location, mutatorName, replacement, status }: Mutant): string {
  const { line, column } = location.start;
  const to = replacement === undefined ? '' : `: ${replacement.replaceAll(/\s+/g, ' ').slice(0, 80)}`;
  return `${line}:${column} ${mutatorName}${to}${status === 'NoCoverage' ? ' (no test comes here)' : ''}`;
}

/** Of the file, and of the tests that try it. */
export function hashOf(file: string): string {
  const tests = FOLDERS[file.split('/')[0]].map((name) => `test/protocol/${name}.test.ts`);
  const hash = createHash('sha256');
  for (const path of [`protocol/${file}.ts`, ...globSync(tests).sort()]) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}
