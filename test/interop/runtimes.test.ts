/**
 * The built core and the pipe in other runtimes: the embedding examples of docs/examples, with what the package packs in
 * node_modules. Deno and Bun come from their npm packages when the tests run, into reports/: they are too large to be
 * everyone's devDependencies. Each is skipped where it can't be had.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { freshBuild, ROOT } from '../support/source.ts';

const FOLDER = join(ROOT, 'reports/runtimes');
const SPECIFIERS = ['deno@2.9.6', '@oven/bun-linux-x64@1.3.14'];

/** What each example prints. */
const PRINTED = ['hello yourself', '1000 true', 'IN MEMORY', 'open', ''].join('\n');

/** Where it is once the packages are installed, or undefined where that can't be done or it does not run. */
function find(scope: string, ...path: string[]): string | undefined {
  try {
    if (!existsSync(join(FOLDER, 'node_modules'))) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(join(FOLDER, 'package.json'), '{ "private": true }\n');
      const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--force'];
      execFileSync('npm', [...args, ...SPECIFIERS], { cwd: FOLDER, stdio: 'ignore', timeout: 120_000 });
    }
    const home = join(FOLDER, 'node_modules', scope);
    const command = join(home, readdirSync(home)[0], ...path);
    return spawnSync(command, ['--version'], { stdio: 'ignore', timeout: 10_000 }).status === 0 ? command : undefined;
  } catch {
    return undefined;
  }
}

const RUNTIMES = [
  { name: 'Deno', command: find('@deno', 'deno'), args: ['run', '--allow-net'], program: 'deno.mjs' },
  { name: 'Bun', command: find('@oven', 'bin', 'bun'), args: [], program: 'bun.mjs' },
];

let folder: string;
beforeAll(() => {
  freshBuild();
  folder = mkdtempSync(join(tmpdir(), 'sansocket-runtimes-'));
  const home = join(folder, 'node_modules/sansocket');
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of [...files, 'package.json']) cpSync(join(ROOT, name), join(home, name), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(RUNTIMES)('$name (skipped where it cannot be had)', ({ command, args, program }) => {
  test.skipIf(command === undefined)('runs the core over its own TCP, and a handler over the pipe', async () => {
    cpSync(join(ROOT, 'docs/examples', program), join(folder, program));
    expect(await run(command!, [...args, program], folder, 20_000)).toMatchObject({ exit: 0, stdout: PRINTED });
  });
});
