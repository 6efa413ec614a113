/**
 * `npm run mutation -- [framing] [closing/closing] [--fresh] [-- more of Stryker's options]`
 *
 * Mutates folders of the core or single files of them, all four folders by default, and tries each mutant on the tests
 * of folders.ts. It goes file by file and keeps each result (results.ts): what was tried already, and has not changed
 * since, is not tried again unless `--fresh` asks for it. The exit code is 1 when a folder's score is below 90 %.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { filesOf, FOLDERS } from './folders.ts';
import { hashOf, keepResult, keptResult, type Result, score } from './results.ts';

const TARGET = 90;
const REPORT = 'reports/mutation.json';

const words = process.argv.slice(2);
const fresh = words.includes('--fresh');
const all = Object.keys(FOLDERS);
const named = all.flatMap((folder) =>
  words.includes(folder) ? filesOf(folder) : filesOf(folder).filter((file) => words.includes(file)),
);
const options = words.filter((word) => word !== '--fresh' && !(word in FOLDERS) && !named.includes(word));
const files = named.length > 0 ? named : all.flatMap(filesOf);

const results = new Map<string, Result>();
for (const file of files) {
  const result = (fresh ? undefined : keptResult(file)) ?? run(file);
  if (result === undefined) process.exitCode = 1;
  else results.set(file, result);
}

for (const folder of all) {
  const own = [...results].filter(([file]) => file.startsWith(`${folder}/`));
  if (own.length === 0) continue;
  console.log('');
  for (const [file, result] of own) {
    console.log(`${file.padEnd(30)} ${score([result]).words}`);
    for (const one of result.lived) console.log(`    ${one}`);
  }
  const { percent, words: total } = score(own.map(([, result]) => result));
  console.log(`${folder.padEnd(30)} ${total}`);
  if (percent < TARGET) process.exitCode = 1;
}

/** Nothing when Stryker could not do it. */
function run(file: string): Result | undefined {
  console.log(`\n${file}`);
  rmSync(REPORT, { force: true });
  const hash = hashOf(file);
  const start = performance.now();
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', '--mutate', `protocol/${file}.ts`, ...options],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        MUTATED_FOLDER: file.split('/')[0],
        NODE_OPTIONS: '--import tsx',
        TSX_TSCONFIG_PATH: 'fuzz/mutation/tsconfig.json',
      },
    },
  );
  return status === 0 ? keepResult(file, hash, (performance.now() - start) / 1000, REPORT) : undefined;
}
