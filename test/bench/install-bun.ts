import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPORTS } from './compile.ts';

const VERSION = '1.4.5';

/**
 * Bun, from its npm package, in a folder of the bench's own: it is too large to be everyone's devDependency.
 * Throws where it doesn't install or run.
 */
export function installBun(): { command: string; version: string } {
  const folder = join(REPORTS, 'bun');
  const command = join(folder, 'node_modules', '.bin', 'bun');
  try {
    if (!existsSync(command)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
      const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
      execFileSync(npm, ['install', '--no-audit', '--no-fund', '--no-package-lock', `bun@${VERSION}`], {
        cwd: folder,
        stdio: 'ignore',
        timeout: 180_000,
      });
    }
    return { command, version: execFileSync(command, ['--version'], { encoding: 'utf8', timeout: 10_000 }).trim() };
  } catch {
    throw new Error(`bun@${VERSION} does not install or run here`);
  }
}
