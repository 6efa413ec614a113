/** The package as its users get it: packed, and installed into an empty project. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.ts';
import { freshBuild, ROOT } from './source.ts';

export interface Packed {
  /** The project's folder: yours to remove. */
  readonly folder: string;
  /** The files that are in the package. */
  readonly files: string[];
}

/** Packs the build and installs it, offline. */
export async function installPacked(): Promise<Packed> {
  freshBuild();
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-package-'));
  // Without scripts: the build is there, and other tests are reading it.
  const pack = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT);
  const [{ filename, files }] = JSON.parse(pack) as [{ filename: string; files: { path: string }[] }];
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await npm(['install', '--offline', '--no-audit', '--no-fund', '--no-package-lock', `./${filename}`], folder);
  return { folder, files: files.map(({ path }) => path).sort() };
}

async function npm(args: string[], cwd: string): Promise<string> {
  const { exit, stdout, stderr } = await run('npm', args, cwd, 100_000);
  if (exit !== 0) throw new Error(`npm ${args[0]} failed: ${stderr}`);
  return stdout;
}
