/** Runs the command as it is installed: in pipes, or on a terminal with real keys. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freshBuild } from '../../support/source.ts';

export interface Ended {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves to the match once the output has it, and rejects when it ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

const children: ChildProcessWithoutNullStreams[] = [];

/** Ends what is still running. */
export function endAll(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}

/** Runs a program. Colours are off, and it does not know that it is tested. */
export function startProgram(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Run {
  const { VITEST, NODE_ENV, NODE_OPTIONS, ...env } = process.env;
  const child = spawn(command, args, { env: { ...env, NO_COLOR: '1', ...more } });
  children.push(child);
  let out = '';
  let err = '';
  child.stdin.on('error', () => {}); // it has ended before it has read everything
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = once(child, 'close').then(([exit]) => ({ exit: exit as number | null, out, err }));
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(out);
          if (match !== null) resolve(match);
        };
        child.stdout.on('data', look);
        void ended.then(() => reject(new Error(`it ended without saying ${pattern}: ${out}${err}`)));
        look();
      }),
  };
}

/** Runs the command in pipes. */
export function start(args: readonly string[], env?: NodeJS.ProcessEnv): Run {
  return startProgram(process.execPath, [join(freshBuild(), 'cli.js'), ...args], env);
}

/** Runs it to its end, with this on the standard input. */
export async function runWith(input: string, ...args: string[]): Promise<Ended> {
  const { child, ended } = start(args);
  child.stdin.end(input);
  return ended;
}

/** Whether there is the program `script`, which makes terminals. */
export const hasTerminal = spawnSync('script', ['--version']).status === 0;

/** Runs it on a terminal: what is written to its standard input are keys, and its output is what the screen is sent. */
export function startOnTerminal(args: readonly string[], env?: NodeJS.ProcessEnv): Run {
  const words = [process.execPath, join(freshBuild(), 'cli.js'), ...args].map((word) => `'${word}'`);
  // `exec`, since some shells stay as the parent (dash, which `script` takes where SHELL is not set) and make 130 of Ctrl-C.
  return startProgram('script', ['-qec', `exec ${words.join(' ')}`, '/dev/null'], { TERM: 'xterm', ...env });
}
