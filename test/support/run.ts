/** Runs another program and tells how it went. */
import { spawn } from 'node:child_process';

export interface Outcome {
  /** The exit code, or the name of the signal that ended it. */
  readonly exit: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `node` with these arguments in `cwd`; it is killed when it has not ended after `timeout` milliseconds. */
export function runNode(args: readonly string[], cwd: string, timeout = 30_000): Promise<Outcome> {
  return run(process.execPath, args, cwd, timeout);
}

export function run(command: string, args: readonly string[], cwd: string, timeout = 60_000): Promise<Outcome> {
  // A program under test is no part of the test run, nor are the settings of the one who runs it.
  const { NODE_OPTIONS, VITEST, NODE_ENV, NODE_V8_COVERAGE, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout, killSignal: 'SIGKILL' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ exit: code ?? signal, stdout, stderr }));
  });
}
