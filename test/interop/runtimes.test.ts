/**
 * The built core and the pipe in other runtimes: the embedding examples of docs/examples, with what the package packs in
 * node_modules. Each is skipped where it can't be had.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { findRuntime } from '../support/runtimes.ts';
import { freshBuild, ROOT } from '../support/source.ts';

/** What each example prints. */
const PRINTED = ['hello yourself', '1000 true', 'IN MEMORY', 'open', ''].join('\n');

const RUNTIMES = [
  { name: 'Deno', command: findRuntime('deno'), args: ['run', '--allow-net'], program: 'deno.mjs' },
  { name: 'Bun', command: findRuntime('bun'), args: [], program: 'bun.mjs' },
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
