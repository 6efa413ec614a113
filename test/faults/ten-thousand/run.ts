/** Thousands of connections to one server process, which is told to end while messages are under way. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ClientBooks, type ClientReport, compare, type ServerBooks, type ServerReport } from './books.ts';

export interface TenThousandOptions {
  readonly connections: number;
  /** How many messages are acknowledged, all in all, before the signal comes. */
  readonly messages: number;
  /** How long all of it may take, in milliseconds. */
  readonly limit: number;
  readonly onProgress?: (what: string) => void;
}

export interface TenThousandReport {
  readonly server: ServerBooks;
  readonly client: ClientBooks;
  /** The server's exit code, or the name of the signal that ended it. */
  readonly exit: number | NodeJS.Signals;
  /** From the signal to the end of the process, in milliseconds. */
  readonly drained: number;
  /** What must not be. */
  readonly failures: readonly string[];
}

/** Files that a process has open besides its connections. */
const OTHER_FILES = 100;

/** Why this machine can't have so many connections, if it can't: the limit of `ulimit -n` holds for each process. */
export function tooManyFor(connections: number): string | undefined {
  const report = process.report?.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } };
  const files = report.userLimits?.open_files?.soft ?? 'unlimited';
  if (files === 'unlimited' || files >= connections + OTHER_FILES) return undefined;
  return `${connections} connections need ${connections + OTHER_FILES} open files in one process: \`ulimit -n\` allows ${files}`;
}

export async function tenThousand(options: TenThousandOptions): Promise<TenThousandReport> {
  const { connections, messages, onProgress } = options;
  const timeout = AbortSignal.timeout(options.limit);
  const server = new Program<ServerReport>('./server.ts', [connections], timeout);
  let clients: Program<ClientReport> | undefined;
  try {
    const { port } = await server.told('port');
    clients = new Program<ClientReport>('./clients.ts', [port, connections, messages], timeout);
    await clients.told('served');
    onProgress?.(`${connections} connections are open, and each was served`);
    await clients.told('acknowledged');
    onProgress?.(`${messages} messages are acknowledged, and more under way`);
    const signalled = performance.now();
    server.process.kill('SIGTERM');
    const ours = (await server.told('books')).books;
    const theirs = (await clients.told('books')).books;
    const exit = await server.exit();
    const drained = performance.now() - signalled;
    const failures = compare(connections, ours, theirs);
    if (exit !== 0) failures.push(`the server ended with ${exit}`);
    return { server: ours, client: theirs, exit, drained, failures };
  } finally {
    server.kill();
    clients?.kill();
  }
}

type KeyOf<T> = T extends unknown ? keyof T : never;

/** A process, and what it has said so far. */
class Program<Report extends object> {
  readonly process: ChildProcess;
  readonly #name: string;
  readonly #timeout: AbortSignal;
  readonly #reports: Report[];

  constructor(file: string, args: readonly number[], timeout: AbortSignal) {
    this.process = fork(fileURLToPath(new URL(file, import.meta.url)), args.map(String), {
      execArgv: ['--import', 'tsx'],
    });
    this.#name = file;
    this.#timeout = timeout;
    this.#reports = [];
    this.process.on('message', (report: Report) => this.#reports.push(report));
  }

  /** The report that has this in it. Rejects when the process ends before, or time is over. */
  told<Key extends KeyOf<Report>>(key: Key): Promise<Extract<Report, Record<Key, unknown>>> {
    return this.#until(`"${String(key)}"`, () => {
      return this.#reports.find((report): report is Extract<Report, Record<Key, unknown>> => key in report);
    });
  }

  /** How the process ended: its exit code, or the name of the signal that ended it. */
  exit(): Promise<number | NodeJS.Signals> {
    return this.#until('its end', () => this.#ended);
  }

  kill(): void {
    if (this.#ended === undefined) this.process.kill('SIGKILL');
  }

  get #ended(): number | NodeJS.Signals | undefined {
    return this.process.exitCode ?? this.process.signalCode ?? undefined;
  }

  /** Waits for something that a message or the end of the process brings about. */
  async #until<T>(what: string, look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      // Whatever it said has come by the time that the channel is closed.
      if (this.#ended !== undefined && !this.process.connected)
        throw new Error(`${this.#name} ended with ${this.#ended} before ${what}`);
      if (this.#timeout.aborted) throw new Error(`${what} of ${this.#name} did not come in time`);
      await this.#somethingNew();
    }
  }

  #somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.process.off('message', wake).off('disconnect', wake).off('exit', wake);
        this.#timeout.removeEventListener('abort', wake);
        resolve();
      };
      this.process.on('message', wake).on('disconnect', wake).on('exit', wake);
      this.#timeout.addEventListener('abort', wake);
    });
  }
}
