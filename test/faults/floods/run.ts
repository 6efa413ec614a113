/** Floods a server for a while, and tells what it cost and whether another connection was served throughout. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { open, type WebSocket } from '../../../drivers/index.ts';
import type { Flood } from './floods.ts';
import type { Library, Report, Service } from './server.ts';

export interface FloodReport {
  /** Bytes of memory at the most, over what there were before. */
  readonly grown: number;
  /** Whether it was ended early, because it had grown beyond `STOP_AT`. */
  readonly stopped: boolean;
  /** How many connections of the flood came to an end while it lasted, and how many could not be opened. */
  readonly ended: number;
  readonly refused: number;
  /** Round trips of the witness, connections that it opened anew, and the longest that it waited, in milliseconds. */
  readonly pings: number;
  readonly opened: number;
  readonly longest: number;
  /** What went wrong for the witness. */
  readonly failures: readonly unknown[];
}

/** What a collector that is late, and the read and write buffers of a process, may add to what limits allow. */
export const SLACK = 128 * 1024 * 1024;
/** A server that has grown by so much has lost. */
const STOP_AT = 1536 * 1024 * 1024;

const WITNESS_PATIENCE = 60_000;
const LOOK_EVERY = 200;

/** What the limits allow a flood to cost, in bytes. */
export function boundOf({ peers, bound }: Flood): number {
  return peers * bound * 1024 * 1024 + SLACK;
}

/** A server process, for one flood or for several. */
export class Victim {
  readonly #process: ChildProcess;
  #ports: Readonly<Record<Service, number>> | undefined;

  /** `heap` is how much its heap may have, in MiB: a server that needs more dies of it. Default: what V8 gives a process. */
  constructor(library: Library, heap?: number) {
    const path = fileURLToPath(new URL('./server.ts', import.meta.url));
    const bounds = heap === undefined ? [] : [`--max-old-space-size=${heap}`];
    this.#process = fork(path, [library], { execArgv: [...bounds, '--import', 'tsx'] });
  }

  async ready(): Promise<this> {
    this.#ports = ((await this.#answer()) as Extract<Report, { ports: unknown }>).ports;
    return this;
  }

  /** Floods it for so long. */
  async flood(flood: Flood, milliseconds: number): Promise<FloodReport> {
    const port = this.#ports![flood.service];
    const witness = new Witness(`ws://127.0.0.1:${port}`);
    await witness.begin();
    const before = await this.#ask('begin');
    const until = performance.now() + milliseconds;
    let [ended, refused, stopped] = [0, 0, false];
    const isOver = (): boolean => stopped || performance.now() >= until;
    const attacker = async (): Promise<void> => {
      while (!isOver()) {
        const begun = await flood.attack(port, isOver);
        if (!isOver()) begun ? ended++ : refused++;
        if (!begun) await sleep(10);
      }
    };
    const attackers = Promise.all(Array.from({ length: flood.peers }, attacker));
    while (!isOver()) {
      await sleep(Math.min(LOOK_EVERY, Math.max(0, until - performance.now())));
      if ((await this.#ask('memory')).rss - before.rss > STOP_AT) stopped = true;
    }
    await attackers;
    const after = await this.#ask('memory');
    await witness.end();
    const { pings, opened, longest, failures } = witness;
    return { grown: Math.max(0, after.peak - before.rss), stopped, ended, refused, pings, opened, longest, failures };
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.disconnect();
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), 2000);
    await exit;
    clearTimeout(killer);
  }

  async #ask(question: 'begin' | 'memory'): Promise<Extract<Report, { rss: number }>> {
    const answer = this.#answer();
    this.#process.send(question);
    return answer as Promise<Extract<Report, { rss: number }>>;
  }

  /** The next thing that it says. Rejects when it ends instead. */
  async #answer(): Promise<Report> {
    const over = new AbortController();
    const ended = once(this.#process, 'exit', { signal: over.signal }).then(([code, signal]) => {
      throw new Error(`the server ended, with ${code ?? signal}`);
    });
    try {
      const [report] = await Promise.race([once(this.#process, 'message', { signal: over.signal }), ended]);
      return report;
    } finally {
      over.abort();
      ended.catch(() => {});
    }
  }
}

/** Somebody else on the same server: pings all the time, and opens another connection now and then. */
class Witness {
  pings: number;
  opened: number;
  longest: number;
  readonly failures: unknown[];
  readonly #url: string;
  #ws: WebSocket | undefined;
  #isOver: boolean;
  #running: Promise<unknown> | undefined;

  constructor(url: string) {
    this.pings = 0;
    this.opened = 0;
    this.longest = 0;
    this.failures = [];
    this.#url = url;
    this.#ws = undefined;
    this.#isOver = false;
    this.#running = undefined;
  }

  async begin(): Promise<void> {
    this.#ws = await open(this.#url);
    await this.#ws.ping();
    this.#running = Promise.all([this.#ping(), this.#open()]).catch((error: unknown) => this.failures.push(error));
  }

  /** Whoever waits still is served. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    await this.#ws!.close();
  }

  async #ping(): Promise<void> {
    do {
      const start = performance.now();
      await within(this.#ws!.ping());
      this.longest = Math.max(this.longest, performance.now() - start);
      this.pings++;
      await sleep(20);
    } while (!this.#isOver);
  }

  async #open(): Promise<void> {
    do {
      const ws = await open(this.#url, { handshakeTimeout: WITNESS_PATIENCE });
      await within(ws.ping());
      await ws.close();
      this.opened++;
      await sleep(100);
    } while (!this.#isOver);
  }
}

async function within<T>(promise: Promise<T>): Promise<T> {
  const timeout = new AbortController();
  const late = sleep(WITNESS_PATIENCE, undefined, { signal: timeout.signal }).then(() => {
    throw new Error('the witness was not served');
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timeout.abort();
  }
}
