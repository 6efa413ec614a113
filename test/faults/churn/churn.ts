/** Connections by the thousand that come and go in six ways: the heap stays flat, and nothing is left behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { serve, type NodeListener } from '../../../drivers/node/index.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { KINDS, type Kind, PATIENCE } from './kinds.ts';

export interface ChurnOptions {
  readonly connections: number;
  /** How many live at the same time. Default 32. */
  readonly atOnce?: number;
  readonly onProgress?: (report: ChurnReport) => void;
}

export interface ChurnReport {
  readonly done: Readonly<Record<Kind, number>>;
  /** Bytes of heap in use, after a collection: at each tenth of the way. Empty where `gc` is not exposed. */
  readonly heap: readonly number[];
  /** What Node knows of that keeps it alive, by kind: before the first connection, and after the last. */
  readonly handlesBefore: Readonly<Record<string, number>>;
  readonly handlesAfter: Readonly<Record<string, number>>;
  /** Connections that were open on the servers' side, and those of them that were told of their end. */
  readonly opened: number;
  readonly closed: number;
  /** The first of what did not come out as it must. */
  readonly failures: readonly unknown[];
}

/** Local addresses to connect from. */
const ADDRESSES = 200;

export async function churn({ connections, atOnce = 32, onProgress }: ChurnOptions): Promise<ChurnReport> {
  const names = Object.keys(KINDS) as Kind[];
  const done = Object.fromEntries(names.map((name) => [name, 0])) as Record<Kind, number>;
  const heap: number[] = [];
  const failures: unknown[] = [];
  const servers = new Servers();
  const handlesBefore = await handles();
  const { plain, secure } = await servers.begin();

  let [next, end] = [0, 0];
  const report = (handlesAfter: Record<string, number>): ChurnReport => {
    return { done, heap, handlesBefore, handlesAfter, opened: servers.opened, closed: servers.closed, failures };
  };
  const worker = async (): Promise<void> => {
    while (next < end && failures.length === 0) {
      const number = next++;
      const kind = names[number % names.length];
      try {
        await KINDS[kind]({ plain, secure, localAddress: `127.0.0.${2 + (number % ADDRESSES)}` });
        done[kind]++;
      } catch (error) {
        failures.push(new Error(`connection ${number}, ${kind}`, { cause: error }));
      }
    }
  };
  // Ten stretches, with a look at the heap when nothing is under way.
  for (let tenth = 1; tenth <= 10; tenth++) {
    end = Math.ceil((connections * tenth) / 10);
    await Promise.all(Array.from({ length: atOnce }, worker));
    await servers.settled();
    if (globalThis.gc !== undefined) heap.push(await heapUsed());
    onProgress?.(report({}));
  }
  await servers.end();
  return report(await handles());
}

/** A plain and a TLS server; the path says whether they accept, refuse, or never decide. */
class Servers {
  opened: number;
  closed: number;
  readonly #listeners: NodeListener[];

  constructor() {
    this.opened = 0;
    this.closed = 0;
    this.#listeners = [];
  }

  async begin(): Promise<{ plain: number; secure: number }> {
    const handlers: Parameters<typeof serve>[1] = {
      open: () => this.opened++,
      message: (socket, data) => void socket.send(data),
      close: (socket) => void (socket.response !== undefined && this.closed++),
      error: (error) => {
        throw error;
      },
    };
    const options: Parameters<typeof serve>[0] = {
      host: '127.0.0.1',
      port: 0,
      handshakeTimeout: PATIENCE,
      authorize: ({ path }) => (path === '/undecided' ? new Promise<never>(() => {}) : path !== '/refused'),
    };
    const plain = await serve(options, handlers);
    const secure = await serve({ ...options, tls: makeCertificate('IP:127.0.0.1') }, handlers);
    this.#listeners.push(plain, secure);
    return { plain: plain.port, secure: secure.port };
  }

  /** Waits until every socket that was opened is closed too, for a while. */
  async settled(): Promise<void> {
    for (let i = 0; i < 200 && this.#listeners.some(({ connections }) => connections.size > 0); i++) await sleep(10);
  }

  async end(): Promise<void> {
    for (const listener of this.#listeners) listener.stopListening();
    await Promise.all(this.#listeners.map(({ closed }) => closed));
  }
}

/** What keeps the process alive, but for its own output; a while later, for what is closing takes a turn. */
async function handles(): Promise<Record<string, number>> {
  await sleep(100);
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

async function heapUsed(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc!();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}
