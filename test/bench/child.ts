import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Whether processes can be pinned to the first two cores. */
export const canPin =
  process.platform === 'linux' &&
  availableParallelism() >= 2 &&
  [0, 1].every((core) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0);

export interface ChildOptions {
  command: string;
  arguments: readonly string[];
  environment?: Record<string, string>;
  /** The core to run on, where that can be said. */
  core: number;
}

/** A process that answers commands in JSON lines; see wire/control.ts for its end. */
export class Child {
  private readonly process: ChildProcess;
  private readonly waiting = new Map<number, { resolve(result: any): void; reject(error: Error): void }>();
  private readonly watchers: ((error: Error) => void)[] = [];
  private nextId = 1;
  private failure: Error | undefined = undefined;
  private rest = '';
  private errors = '';

  constructor(options: ChildOptions) {
    const line = [options.command, ...options.arguments];
    if (canPin) line.unshift('taskset', '-c', String(options.core));
    this.process = spawn(line[0]!, line.slice(1), {
      env: { ...process.env, ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => this.take(text));
    this.process
      .stderr!.setEncoding('utf8')
      .on('data', (text: string) => (this.errors = (this.errors + text).slice(-2000)));
    this.process.stdin!.on('error', () => {});
    this.process.on('error', (error) => this.fail(error));
    this.process.on('close', (code, signal) => this.fail(new Error(`ended (${signal ?? code}) ${this.errors}`.trim())));
  }

  /** The process's own: `taskset` becomes what it starts. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Sends a command; rejects when it fails, when the child does, or after so many milliseconds. */
  call<T>(command: string, argument?: unknown, timeout = 30_000): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      const id = this.nextId++;
      const timer = setTimeout(() => this.fail(new Error(`no answer to ${command} in ${timeout} ms`)), timeout);
      const settle = () => {
        clearTimeout(timer);
        this.waiting.delete(id);
      };
      this.waiting.set(id, {
        resolve: (result) => (settle(), resolve(result)),
        reject: (error) => (settle(), reject(error)),
      });
      this.process.stdin!.write(`${JSON.stringify({ id, command, argument })}\n`);
    });
  }

  /** Rejects when the child fails; never resolves. */
  watch(): Promise<never> {
    return new Promise((_, reject) => {
      if (this.failure) reject(this.failure);
      else this.watchers.push(reject);
    });
  }

  /** Ends the process, by the end of its stdin and if need be by force; resolves when it is gone. */
  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null || this.process.pid === undefined) return;
    const gone = new Promise((resolve) => this.process.once('close', resolve));
    this.process.stdin!.end();
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(timer);
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) {
      const { id, result, error } = JSON.parse(line);
      if (id === 0) this.fail(new Error(error));
      else if (error !== undefined) this.waiting.get(id)?.reject(new Error(error));
      else this.waiting.get(id)?.resolve(result);
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of [...this.waiting.values()]) reject(this.failure);
    for (const reject of this.watchers.splice(0)) reject(this.failure);
  }
}
