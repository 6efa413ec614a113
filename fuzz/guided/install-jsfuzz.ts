import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '1.0.15';

/**
 * jsfuzz, from npm, in a folder of its own: its 185 packages are too many, and too old, to be everyone's
 * devDependencies. No script of theirs is run. Throws where it doesn't install. Returns the path of its command.
 */
export function installJsfuzz(folder: string): string {
  const command = join(folder, 'node_modules', 'jsfuzz', 'build', 'src', 'index.js');
  if (existsSync(command)) return command;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
  try {
    execFileSync(npm, ['install', ...flags, `jsfuzz@${VERSION}`], { cwd: folder, stdio: 'ignore', timeout: 300_000 });
  } catch (cause) {
    throw new Error(`jsfuzz@${VERSION} does not install here`, { cause });
  }
  if (!existsSync(command)) throw new Error(`jsfuzz@${VERSION} has no command at ${command}`);
  return command;
}
