/** The command in the package: what `npx` runs, and what it loads before it does anything. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installPacked, type Packed } from '../../support/packed.ts';
import { run } from '../../support/run.ts';
import { freshBuild } from '../../support/source.ts';

let packed: Packed;
beforeAll(async () => {
  packed = await installPacked();
}, 120_000);
afterAll(() => rmSync(packed.folder, { recursive: true }));

test('npx runs it from the packed package, in an empty folder', async () => {
  const empty = join(packed.folder, 'empty');
  mkdirSync(empty);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const tarball = `--package=${join(packed.folder, `sansocket-${version}.tgz`)}`;
  const npx = (...args: string[]) => run('npx', ['--yes', '--offline', tarball, 'sansocket', ...args], empty);
  expect(await npx('--version')).toMatchObject({ exit: 0, stdout: `${version}\n` });
  expect(await npx('frames', '/dev/null')).toMatchObject({ exit: 0, stdout: '' });
  expect(await npx('connect', 'ws://127.0.0.1:1')).toMatchObject({ exit: 3 });
}, 120_000);

// Its start takes 80 ms of CPU time, of which 60 are Node's own; what is measured in a test is not time, but what takes it.
test('to read the command line, nothing is loaded that only a command needs', () => {
  const dist = freshBuild();
  const texts = new Map<string, string>();
  const visit = (name: string): void => {
    if (texts.has(name)) return;
    texts.set(name, readFileSync(join(dist, name), 'utf8'));
    for (const [, next] of texts.get(name)!.matchAll(/^(?:import|export|\})[^;"]*"\.\/([^"]+)";/gm)) visit(next);
  };
  visit('cli.js');
  const all = [...texts.values()].join('\n');
  expect(texts.size).toBeGreaterThan(1);
  expect(all.length).toBeLessThan(200_000);
  expect(all).not.toMatch(/from ["']node:(net|tls|http|http2|zlib|crypto|readline)["']/);
  expect(all).toMatch(/import\(["']\.\/doctor/);
});
