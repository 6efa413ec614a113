/** What a stack of the matrix is, and how it is had. `peers/README.md` says what a peer does. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeClientOptions, NodeServerOptions } from '../../../../drivers/index.ts';

/** What a stack is to us: a server, a client, or what stands between a client and a server of ours. */
export type Role = 'client' | 'server' | 'proxy';

/** Other software that speaks WebSocket, in the roles for which there is a peer. */
export interface Stack {
  readonly name: string;
  readonly roles: readonly Role[];
  /** Packages of Debian, or of npm with their versions. */
  readonly debian?: readonly string[];
  readonly npm?: readonly string[];
  /** Makes what is run, once: its folder is `work`. */
  readonly build?: (work: string) => void;
  /** The command for a role, before `server` or `client URL`; for a proxy, all of it. */
  readonly command: (work: string, role: Role, ports: Ports) => readonly string[];
  /** What follows `server` or `client URL`. */
  readonly suffix?: (work: string) => readonly string[];
  /** What a server of ours is to take besides, for a client. */
  readonly serverOptions?: (work: string) => NodeServerOptions;
  /** How a client of ours gets there; by default over ws:, to the port that the peer or the proxy listens on. */
  readonly reach?: (work: string, ports: Ports) => Reach;
  /** Prints the version. */
  readonly version: (work: string) => string;
  /** What a user of ours sees and should set, where anything. */
  readonly advice?: string;
}

/** Of a proxy: where it listens, and where the server behind it does. Of a server: both its own. */
export interface Ports {
  readonly front: number;
  readonly back: number;
}

export interface Reach {
  readonly url: string;
  readonly options?: NodeClientOptions;
}

export const BOTH: readonly Role[] = ['server', 'client'];

const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));

export const peer = (name: string): string => join(PEERS, name);
export const inNpm = (work: string, name: string): string => join(work, 'node_modules', name);

export function debianVersion(name: string): string {
  return run('dpkg-query', ['-W', '-f', '${Version}', name])
    .replace(/^\d+:/, '')
    .replace(/(?:[+~-]|\.dfsg).*$/, '');
}

export function npmVersion(work: string, name: string): string {
  return (JSON.parse(readFileSync(join(inNpm(work, name), 'package.json'), 'utf8')) as { version: string }).version;
}

export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options }).trim();
}

/** A peer that an interpreter of Debian's runs. Its version is that of the first package. */
export function script(
  name: string,
  command: readonly string[],
  file: string,
  packages: readonly string[],
  more: Partial<Stack> = {},
): Stack {
  return {
    name,
    roles: BOTH,
    debian: packages,
    command: () => [...command, peer(file)],
    version: () => debianVersion(packages[0]),
    ...more,
  };
}

/** Installs what a stack needs. Throws with a word for why it can't be had. */
export function prepare(stack: Stack, folder: string): string {
  const work = join(folder, stack.name.replace(/\W+/g, '-'));
  mkdirSync(work, { recursive: true });
  const missing = (stack.debian ?? []).filter((name) => !isInstalled(name));
  if (missing.length > 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
  }
  if (stack.npm !== undefined) {
    run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--no-save', '--prefix', work, ...stack.npm]);
    for (const name of stack.npm) installBinary(inNpm(work, name.replace(/(?<=.)@[^@]+$/, '')));
  }
  stack.build?.(work);
  return work;
}

/** Where npm runs no install scripts, the package's own puts its binary into place. */
function installBinary(folder: string): void {
  for (const name of ['install.js', 'install.cjs']) {
    if (existsSync(join(folder, name))) run(process.execPath, [name], { cwd: folder });
  }
}

function isInstalled(name: string): boolean {
  try {
    return run('dpkg-query', ['-W', '-f', '${Status}', name]).endsWith(' installed');
  } catch {
    return false;
  }
}
