/** A peer of the matrix as a process, and connections with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { listen, open, type Server, type WebSocket } from '../../../drivers/index.ts';
import type { CompressOptions } from '../../../protocol/index.ts';
import { freePort } from '../../support/free-port.ts';
import { peer, type Ports, type Role, type Stack } from './stacks/stack.ts';

/** The largest message that a peer is told to take, in bytes. */
export const LIMIT = 6 * 1024 * 1024;

/** How long anything may take before it is called silence, in milliseconds. */
export const PATIENCE = 5_000;

/** Shorter, so that `close` can tell what there was. */
const CLOSE_TIMEOUT = PATIENCE - 1_000;

/** How long it may take to tell of an end, once that was there, in milliseconds. */
const SETTLING = 500;

/** How long a peer or a proxy may take until it listens or connects. */
const START = 10_000;

export interface OurOptions {
  subprotocols?: readonly string[];
  compress?: boolean | CompressOptions;
}

/** Processes, each with what it has started, that are still to be ended. */
const running = new Set<ChildProcess>();

process.on('exit', () => running.forEach(end));

function end(child: ChildProcess): void {
  running.delete(child);
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Makes connections with one peer in one role, one after another. */
export class Matched {
  /** The peer's role. */
  readonly role: Role;
  readonly #stack: Stack;
  readonly #work: string;
  readonly #children: ChildProcess[];
  readonly #lines: string[];
  #onLine: () => void;
  /** Whether the peer has told of the end of the newest connection. */
  #hasToldEnd: boolean;
  #server: Server | undefined;
  /** Connections of a client that came before they were asked for, and who asks for the next. */
  readonly #early: WebSocket[];
  #arrived: ((ws: WebSocket) => void) | undefined;
  /** Rejects when the peer has ended. */
  #ended: Promise<never> | undefined;
  /** Where a server listens, once it does. */
  #ports: Ports | undefined;

  private constructor(stack: Stack, work: string, role: Role) {
    this.role = role;
    this.#stack = stack;
    this.#work = work;
    this.#children = [];
    this.#lines = [];
    this.#onLine = () => {};
    this.#hasToldEnd = false;
    this.#server = undefined;
    this.#early = [];
    this.#arrived = undefined;
    this.#ended = undefined;
    this.#ports = undefined;
  }

  /** Starts a peer; as a client it connects to a server of ours with these options. */
  static async start(stack: Stack, work: string, role: Role, ours: OurOptions, protocols: string): Promise<Matched> {
    const matched = new Matched(stack, work, role);
    try {
      await matched.#start(ours, protocols);
    } catch (error) {
      await matched.stop();
      throw error;
    }
    return matched;
  }

  async #start(ours: OurOptions, protocols: string): Promise<void> {
    const env = { ...process.env, LIMIT: String(LIMIT), PROTOCOLS: protocols, WORK: this.#work };
    const command = (ports: Ports): readonly string[] => this.#stack.command(this.#work, this.role, ports);
    const suffix = this.#stack.suffix?.(this.#work) ?? [];
    if (this.role === 'client') {
      const options = {
        host: '127.0.0.1',
        maxMessageSize: LIMIT,
        closeTimeout: CLOSE_TIMEOUT,
        ...this.#stack.serverOptions?.(this.#work),
        ...ours,
      };
      this.#server = await listen(options, async (ws) => {
        this.#take(ws);
        await ws.closed;
      });
      const { port } = this.#server;
      this.#spawn([...command({ front: port, back: port }), 'client', this.#server.url, ...suffix], env, true);
      return;
    }
    const isProxy = this.role === 'proxy';
    const server = isProxy ? [process.execPath, '--import', 'tsx', peer('ours.ts')] : command({ front: 0, back: 0 });
    this.#spawn([...server, 'server', ...(isProxy ? [] : suffix)], env, true);
    const back = Number((await this.line(/^port /, START)).slice('port '.length));
    const front = isProxy ? await freePort() : back;
    this.#ports = { front, back };
    if (isProxy) this.#spawn(command(this.#ports), env, false);
    await untilListening(front, this.#children);
  }

  #spawn([command, ...args]: readonly string[], env: NodeJS.ProcessEnv, isHeard: boolean): void {
    // A group of its own: what it starts in turn ends with it.
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#children.push(child);
    running.add(child);
    child.on('error', () => {});
    child.stderr.resume();
    if (!isHeard) return void child.stdout.resume();
    this.#ended = once(child, 'exit').then(() => Promise.reject(new Error('it has ended')));
    this.#ended.catch(() => {});
    createInterface(child.stdout).on('line', (line) => {
      this.#lines.push(line);
      if (line.startsWith('closed')) this.#hasToldEnd = true;
      this.#onLine();
    });
  }

  /** The next connection. */
  async connect(ours: OurOptions): Promise<WebSocket> {
    if (this.role === 'client') {
      const early = this.#early.shift();
      if (early !== undefined) return early;
      const arrival = new Promise<WebSocket>((resolve) => (this.#arrived = resolve));
      return patiently(Promise.race([arrival, this.#ended!]), 'no connection came', START);
    }
    const { front } = this.#ports!;
    const { url, options } = this.#stack.reach?.(this.#work, this.#ports!) ?? { url: `ws://127.0.0.1:${front}/` };
    const more = { maxMessageSize: LIMIT, closeTimeout: CLOSE_TIMEOUT, requireSubprotocol: false };
    return open(url, { ...more, ...ours, ...options });
  }

  #take(ws: WebSocket): void {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    if (arrived === undefined) this.#early.push(ws);
    else arrived(ws);
  }

  /** The next line that the peer prints and that fits. */
  async line(pattern: RegExp, patience = PATIENCE): Promise<string> {
    const found = (): string | undefined => {
      const at = this.#lines.findIndex((line) => pattern.test(line));
      return at < 0 ? undefined : this.#lines.splice(at, 1)[0];
    };
    const waited = new Promise<string>((resolve) => {
      this.#onLine = () => {
        const line = found();
        if (line === undefined) return;
        this.#onLine = () => {};
        resolve(line);
      };
      this.#onLine();
    });
    return patiently(waited, 'nothing', patience);
  }

  /** Forgets what was printed and not asked for. */
  forget(): void {
    this.#lines.length = 0;
    this.#hasToldEnd = false;
  }

  /** Waits a moment for the peer to tell of this connection's end, lest it counts for the next one's. */
  async settle(): Promise<void> {
    if (!this.#hasToldEnd) await this.line(/^closed/, SETTLING).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#children.forEach(end);
    await this.#server?.close({ timeout: 0 });
  }
}

/** Rejects with `what` when that takes longer than `patience` milliseconds. */
export async function patiently<T>(promise: Promise<T>, what: string, patience = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(what)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function untilListening(port: number, children: readonly ChildProcess[]): Promise<void> {
  const deadline = performance.now() + START;
  while (performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return;
    if (children.some(({ exitCode }) => exitCode !== null)) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it does not listen');
}
