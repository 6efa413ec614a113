/**
 * Conversations over real sockets, through a proxy that cuts, delays, slices, half-closes, resets and stalls: nothing
 * acknowledged is lost, doubled or reordered, and every connection that opened has one end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultyProxy, type Trouble } from '../../support/faulty-proxy.ts';
import { End } from './end.ts';
import { eventFace, promiseFace, type Face, type Watch } from './faces.ts';

export interface SoakOptions {
  readonly seed: number;
  /** Conversations at the same time; every other one is over the promise API, and compressed. */
  readonly conversations: number;
  /** Ends after so many milliseconds, or once every end has sent so many messages, and everything is acknowledged. */
  readonly milliseconds?: number;
  readonly messages?: number;
  /** Is called now and then. */
  readonly onProgress?: (report: SoakReport) => void;
}

export interface SoakReport {
  readonly acknowledged: number;
  readonly connections: number;
  readonly faults: number;
  readonly injected: Readonly<Record<Trouble, number>>;
  /** What broke the claim. */
  readonly violations: readonly unknown[];
}

/** Short deadlines, so that a stalled connection is found out soon; keepalive and all else is as by default. */
const DEADLINES = { handshakeTimeout: 2000, closeTimeout: 1000, pingInterval: 300, pongTimeout: 600 };

const PROGRESS_EVERY = 5000;
/** How long the end may take, once nothing new is sent. */
const PATIENCE = 60_000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const tables = [eventFace, promiseFace].map((face, index) => new Table(face, options.seed + index));
  const perTable = Math.ceil(options.conversations / 2);
  await Promise.all(tables.map((table) => table.begin(perTable, options.messages ?? Infinity)));
  const start = performance.now();
  let shown = start;
  const over = (): boolean =>
    tables.some(({ violations }) => violations.length > 0) ||
    (options.milliseconds !== undefined && performance.now() - start >= options.milliseconds) ||
    tables.every((table) => table.isDone);
  while (!over()) {
    await sleep(20);
    if (performance.now() - shown < PROGRESS_EVERY) continue;
    shown = performance.now();
    options.onProgress?.(sum(tables));
  }
  await Promise.all(tables.map((table) => table.finish()));
  return sum(tables);
}

/** A server of one face, the proxy before it, and the conversations over both. */
class Table {
  readonly violations: unknown[];
  readonly #face: Face;
  readonly #seed: number;
  readonly #servers: End[];
  readonly #clients: End[];
  readonly #dialed: Promise<void>[];
  #server: Awaited<ReturnType<Face['serve']>> | undefined;
  #proxy: FaultyProxy | undefined;
  #opened: number;
  #closed: number;
  #isOver: boolean;

  constructor(face: Face, seed: number) {
    this.violations = [];
    this.#face = face;
    this.#seed = seed;
    this.#servers = [];
    this.#clients = [];
    this.#dialed = [];
    this.#server = undefined;
    this.#proxy = undefined;
    this.#opened = 0;
    this.#closed = 0;
    this.#isOver = false;
  }

  get isDone(): boolean {
    return [...this.#clients, ...this.#servers].every((end) => end.isDone);
  }

  async begin(conversations: number, messages: number): Promise<void> {
    const watch: Watch = {
      endOf: (target) => this.#servers[Number(target.slice(1))],
      onOpen: () => this.#opened++,
      onClose: () => this.#closed++,
      onViolation: (error) => this.violations.push(error),
    };
    this.#server = await this.#face.serve({ host: '127.0.0.1', port: 0, compress: true, ...DEADLINES }, watch);
    this.#proxy = await FaultyProxy.listen({ port: this.#server.port, seed: this.#seed });
    for (let i = 0; i < conversations; i++) {
      const client = new End(`client ${i}`, 2 * i, 2 * i + 1, true);
      const server = new End(`server ${i}`, 2 * i + 1, 2 * i, false);
      for (const end of [client, server]) end.last = messages;
      this.#clients.push(client);
      this.#servers.push(server);
      const url = `ws://127.0.0.1:${this.#proxy.port}/${i}`;
      const options = { ...DEADLINES, compress: i % 2 === 1 };
      this.#dialed.push(this.#face.dial(url, options, watch, client, () => this.#isOver));
    }
  }

  /** Sends nothing new, waits until everything is acknowledged, and closes. */
  async finish(): Promise<void> {
    const ends = [...this.#clients, ...this.#servers];
    for (const end of ends) end.last = Math.min(end.last, end.sent);
    const until = performance.now() + PATIENCE;
    while (!this.isDone && this.violations.length === 0 && performance.now() < until) await sleep(10);
    this.#isOver = true;
    for (const end of this.#clients) end.close();
    await Promise.all(this.#dialed);
    await this.#server!.close();
    await this.#proxy!.close();
    for (const [i, client] of this.#clients.entries()) this.#compare(`conversation ${i}`, client, this.#servers[i]);
    if (this.#opened !== this.#closed) this.violations.push(`${this.#opened} opened, ${this.#closed} closed`);
  }

  /** Both have what the other has sent, to the last. */
  #compare(name: string, client: End, server: End): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      if (to.received !== from.sent || from.acknowledged !== from.sent)
        this.violations.push(`${name}: ${to.received} received and ${from.acknowledged} acknowledged of ${from.sent}`);
    }
  }

  report(): SoakReport {
    const ends = [...this.#clients, ...this.#servers];
    return {
      acknowledged: ends.reduce((total, { acknowledged }) => total + acknowledged, 0),
      connections: this.#opened / 2,
      faults: this.#proxy!.faults,
      injected: this.#proxy!.injected,
      violations: this.violations,
    };
  }
}

function sum(tables: readonly Table[]): SoakReport {
  return tables
    .map((table) => table.report())
    .reduce((a, b) => ({
      acknowledged: a.acknowledged + b.acknowledged,
      connections: a.connections + b.connections,
      faults: a.faults + b.faults,
      injected: Object.fromEntries(
        Object.entries(a.injected).map(([trouble, count]) => [trouble, count + b.injected[trouble as Trouble]]),
      ) as SoakReport['injected'],
      violations: [...a.violations, ...b.violations],
    }));
}
