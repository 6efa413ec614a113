/**
 * `npm run mutation -- [framing] [message] [closing] [handshake] [-- more of Stryker's options]`
 *
 * Mutates the folders of the core one after the other (all four by default) and tries each mutant on the tests of
 * folders.ts. The exit code is 1 when a folder's score is below 90 %.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { FOLDERS } from './folders.ts';

const words = process.argv.slice(2);
const chosen = words.filter((word) => word in FOLDERS);
const others = words.filter((word) => !(word in FOLDERS));

let failed = false;
for (const folder of chosen.length > 0 ? chosen : Object.keys(FOLDERS)) {
  console.log(`\n${folder}`);
  const mutate = others.includes('--mutate') ? [] : ['--mutate', `protocol/${folder}/**/*.ts`];
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', ...mutate, ...others],
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
  if (status !== 0) failed = true;
  else copyFileSync('reports/mutation.json', `reports/mutation-${folder}.json`);
}
process.exitCode = failed ? 1 : 0;
