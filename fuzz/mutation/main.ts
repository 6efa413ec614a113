/**
 * `npm run mutation -- [framing] [closing/closing] [--fresh] [-- more of Stryker's options]`
 *
 * Mutates folders of the core or single files of them, the whole of it by default, and tries each mutant on the tests
 * of folders.ts. It goes folder by folder and keeps each result (results.ts): what was tried already, and has not changed
 * since, is not tried again unless `--fresh` asks for it. The exit code is 1 when the score is below 95 %.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { filesOf, FOLDERS } from './folders.ts';
import { hashesOf, keepResults, keptResult, type Result, score, type Tried, untried } from './results.ts';

const TARGET = 95;
const REPORT = 'reports/mutation.json';

const words = process.argv.slice(2);
const fresh = words.includes('--fresh');
const isName = (word: string): boolean => FOLDERS.some((folder) => folder === word || filesOf(folder).includes(word));
const names = words.filter(isName);
const options = words.filter((word) => word !== '--fresh' && !isName(word));
const chosen = FOLDERS.map((folder) => ({ folder, files: filesOf(folder).filter((file) => isChosen(folder, file)) }));

for (const { folder, files } of chosen) mutate(folder, files);
const results = chosen.flatMap(({ folder, files }) => (files.length > 0 ? show(folder, files) : []));
const { percent, words: total } = score(results);
console.log(`\n${'in sum'.padEnd(38)} ${total}`);
if (percent < TARGET) process.exitCode = 1;

function isChosen(folder: string, file: string): boolean {
  return names.length === 0 || names.includes(folder) || names.includes(file);
}

/** Ends the program when Stryker could not do it. */
function mutate(folder: string, files: readonly string[]): void {
  const tried: Tried[] = [];
  const ranges: string[] = [];
  for (const file of files) {
    const before = fresh ? undefined : keptResult(file);
    const own = untried(file, before);
    if (own.length > 0) tried.push({ file, before, hashes: hashesOf(file) });
    ranges.push(...own);
  }
  if (ranges.length === 0) return;
  console.log(`\n${folder}`);
  rmSync(REPORT, { force: true });
  const start = performance.now();
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', '--mutate', ranges.join(','), ...options],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        MUTATED_FOLDER: folder,
        NODE_OPTIONS: '--import tsx',
        TSX_TSCONFIG_PATH: 'fuzz/mutation/tsconfig.json',
      },
    },
  );
  if (status !== 0) process.exit(1);
  keepResults(tried, (performance.now() - start) / 1000, REPORT);
}

function show(folder: string, files: readonly string[]): Result[] {
  const results: Result[] = [];
  console.log('');
  for (const file of files) {
    const result = keptResult(file);
    if (result === undefined) continue;
    results.push(result);
    console.log(`${file.padEnd(38)} ${score([result]).words}`);
    for (const { words } of result.lived) console.log(`    ${words}`);
  }
  console.log(`${folder.padEnd(38)} ${score(results).words}`);
  return results;
}
