/**
 * Other runtimes, from their npm packages, into reports/runtimes when a test first asks: they are too large to be everyone's
 * devDependencies.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './source.ts';

const FOLDER = join(ROOT, 'reports/runtimes');

const RUNTIMES = {
  deno: { packages: ['deno@2.9.6'], scope: '@deno', path: ['deno'] },
  bun: { packages: ['@oven/bun-linux-x64@1.4.5'], scope: '@oven', path: ['bin', 'bun'] },
  node: { packages: ['node@22.23.3'], scope: '', path: ['bin', 'node'] },
  workerd: { packages: ['workerd@1.20261117.1'], scope: '@cloudflare', path: ['bin', 'workerd'] },
};

/** The command of a runtime, or undefined where it can't be had or does not run. */
export function findRuntime(name: keyof typeof RUNTIMES): string | undefined {
  const { packages, scope, path } = RUNTIMES[name];
  try {
    const folder = join(FOLDER, name);
    if (!existsSync(folder)) {
      // Whole or not at all: several tests ask at once, and would find the half of it.
      mkdirSync(FOLDER, { recursive: true });
      const made = mkdtempSync(join(FOLDER, `${name}-`));
      writeFileSync(join(made, 'package.json'), '{ "private": true }\n');
      const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--force'];
      if (name !== 'node') args.push('--ignore-scripts');
      execFileSync('npm', [...args, ...packages], { cwd: made, stdio: 'ignore', timeout: 120_000 });
      if (existsSync(folder)) rmSync(made, { recursive: true });
      else renameSync(made, folder);
    }
    const home = join(folder, 'node_modules', scope);
    const inside = readdirSync(home).filter((one) => !one.startsWith('.') && existsSync(join(home, one, ...path)));
    const command = join(home, inside[0], ...path);
    return spawnSync(command, ['--version'], { stdio: 'ignore', timeout: 10_000 }).status === 0 ? command : undefined;
  } catch {
    return undefined;
  }
}
