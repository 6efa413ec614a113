import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

/** Docker's image of the official suite. */
const IMAGE = process.env.AUTOBAHN_IMAGE ?? `crossbario/autobahn-testsuite:25.10.1`;

/** A way to run the official suite's `wstest`. */
export interface OfficialSuite {
  readonly name: string;
  /** Starts it with a configuration, in a folder that its configuration and its reports are kept in. */
  start(mode: 'fuzzingclient' | 'fuzzingserver', folder: string): Run;
}

export interface Run {
  /** Resolves to the exit code. */
  readonly ended: Promise<number>;
  stop(): void;
}

/** A local `wstest`, or Docker with its image; undefined where neither is there. */
export function findOfficialSuite(): OfficialSuite | undefined {
  if (works('wstest', ['--autobahnversion'])) return { name: 'wstest', start: startLocal };
  if (works('docker', ['version', '--format', '{{.Server.Version}}'])) return { name: IMAGE, start: startDocker };
  return undefined;
}

export interface Selection {
  readonly cases: readonly string[];
  readonly exclude: readonly string[];
}

/** Writes the configuration for a mode into `folder`. `seenAs` is where the suite sees that folder. */
export async function writeSpec(mode: string, folder: string, selection: Selection, seenAs: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const spec = JSON.parse(await readFile(new URL(`./${mode}.json`, import.meta.url), 'utf8')) as { outdir: string };
  const all = {
    ...spec,
    outdir: join(seenAs, spec.outdir),
    cases: selection.cases,
    'exclude-cases': selection.exclude,
  };
  await writeFile(join(folder, `${mode}.json`), JSON.stringify(all, undefined, 2));
}

/** Where the suite sees the folder that it is started in. */
export function seenBy(suite: OfficialSuite, folder: string): string {
  return suite.name === 'wstest' ? resolve(folder) : '/autobahn';
}

function startLocal(mode: string, folder: string): Run {
  const child = spawn('wstest', [...commonArguments(mode, resolve(folder))], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { ended: endOf(child), stop: () => void child.kill() };
}

function startDocker(mode: string, folder: string): Run {
  const name = `autobahn-${basename(folder)}-${process.pid}`;
  const user = process.getuid === undefined ? [] : ['--user', `${process.getuid()}:${process.getgid!()}`];
  const child = spawn(
    'docker',
    [
      // The host's network: the suite reaches our server, and we its own, on 127.0.0.1.
      ...['run', '--rm', '--name', name, '--network', 'host', ...user, '--volume', `${resolve(folder)}:/autobahn`],
      ...[IMAGE, 'wstest', ...commonArguments(mode, '/autobahn')],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return {
    ended: endOf(child),
    stop: () => void spawnSync('docker', ['stop', '--time', '1', name], { stdio: 'ignore' }),
  };
}

function commonArguments(mode: string, folder: string): string[] {
  return ['--mode', mode, '--spec', `${folder}/${mode}.json`, ...(mode === 'fuzzingserver' ? ['--webport', '0'] : [])];
}

function endOf(child: ChildProcess): Promise<number> {
  child.stdout!.pipe(process.stdout);
  return new Promise((done) => {
    child.once('error', () => done(-1));
    child.once('close', (code) => done(code ?? -1));
  });
}

function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}
