/** Real servers of Debian's, on loopback, each in a directory of its own, and a proxy that swallows. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';

/** What is kept of what a server says, for when it ends, in characters. */
const MOST_SAID = 2000;

/** Whether a program is there. */
export function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** A server's process, which can be killed and started again, with its data or without. */
export class ServerProcess {
  readonly port: number;
  readonly #program: string;
  readonly #argumentsOf: (folder: string) => string[];
  #folder: string;
  #process: ChildProcess | undefined;

  constructor(program: string, port: number, argumentsOf: (folder: string) => string[]) {
    this.port = port;
    this.#program = program;
    this.#argumentsOf = argumentsOf;
    this.#folder = mkdtempSync(join(tmpdir(), 'topics-'));
    this.#process = undefined;
  }

  async start(): Promise<void> {
    const child = spawn(this.#program, this.#argumentsOf(this.#folder), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    let said = '';
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => void (said = (said + text).slice(-MOST_SAID)));
    }
    await answers(this.port, () => {
      if (child.exitCode !== null) throw new Error(`${this.#program} has ended: ${said}`);
    });
  }

  /** Ends it at once. */
  async kill({ data = true } = {}): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    if (data) return;
    rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = mkdtempSync(join(tmpdir(), 'topics-'));
  }

  /** Does nothing at all, until `goOn`; its connections stay. */
  standStill(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Redis, which writes every change to its file before it answers, so that it comes back with its data; or as it is by default, without. */
export async function startRedis({ keeps = true } = {}): Promise<ServerProcess> {
  const port = await freePort();
  const file = keeps ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const server = new ServerProcess('redis-server', port, (folder) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--daemonize', 'no', ...file],
    ...['--repl-diskless-sync-delay', '0'],
  ]);
  await server.start();
  return server;
}

/** NATS with JetStream; `config` is more of its configuration. */
export async function startNats(config = ''): Promise<ServerProcess> {
  const port = await freePort();
  const server = new ServerProcess('nats-server', port, (folder) => {
    const file = join(folder, 'nats.conf');
    writeFileSync(file, config);
    return [...['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], '-c', file];
  });
  await server.start();
  return server;
}

/** Resolves when somebody accepts connections there; `check` throws if nobody will. */
async function answers(port: number, check: () => void): Promise<void> {
  for (let tries = 0; ; tries++) {
    check();
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isThere) return;
    if (tries > 200) throw new Error(`nobody listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Passes bytes on to a port, until it is told to swallow them, or to cut its connections. */
export class Proxy {
  readonly #server: Server;
  #swallowsAll = false;
  readonly #pairs = new Set<{ client: Socket; target: Socket; isSwallowing: boolean }>();

  constructor(target: () => number) {
    this.#server = createServer((client) => {
      const pair = { client, target: connect(target(), '127.0.0.1'), isSwallowing: this.#swallowsAll };
      this.#pairs.add(pair);
      const end = (): void => {
        this.#pairs.delete(pair);
        client.destroy();
        pair.target.destroy();
      };
      for (const [from, to] of [
        [client, pair.target],
        [pair.target, client],
      ] as const) {
        from.on('data', (bytes) => void (pair.isSwallowing || to.write(bytes)));
        from.on('error', end).on('close', end);
      }
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await new Promise((resolve) => this.#server.once('listening', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nothing more goes over the connections there are, and nobody is told. New ones are not touched. */
  swallow(): void {
    for (const pair of this.#pairs) pair.isSwallowing = true;
  }

  /** Nothing goes over new connections either, until `pass`. */
  swallowAll(): void {
    this.#swallowsAll = true;
    this.swallow();
  }

  /** New connections are as they should be. */
  pass(): void {
    this.#swallowsAll = false;
    this.cut();
  }

  /** What comes from the server is not read any more, until `release`: a node that stands still. */
  hold(): void {
    for (const { target } of this.#pairs) target.pause();
  }

  release(): void {
    for (const { target } of this.#pairs) target.resume();
  }

  cut(): void {
    for (const { client, target } of this.#pairs) {
      client.destroy();
      target.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
