import type { Case } from './case.ts';
import { joinBytes } from './frames.ts';
import { CaseRun } from './run.ts';
import type { Outcome } from './run.ts';
import type { Role } from './endpoint.ts';
import type { Timing, Wire, WireHandler } from './wire.ts';

/**
 * Cases in memory: a wire with two ends and a clock that stands still while anything can happen, so that a case that
 * waits for seconds takes none.
 */
export class VirtualTime implements Timing {
  private time: number;
  private sequence: number;
  private readonly events: { at: number; order: number; run: () => void }[];

  constructor() {
    this.time = 0;
    this.sequence = 0;
    this.events = [];
  }

  now(): number {
    return this.time;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const event = { at: this.time + Math.max(0, milliseconds), order: this.sequence++, run: callback };
    this.events.push(event);
    return () => {
      const index = this.events.indexOf(event);
      if (index >= 0) this.events.splice(index, 1);
    };
  }

  soon(callback: () => void): void {
    this.after(0, callback);
  }

  /** Runs what is due next, in order of time. Returns whether there was anything. */
  step(): boolean {
    const { events } = this;
    let first = events[0];
    if (first === undefined) return false;
    for (const event of events) {
      if (event.at < first.at || (event.at === first.at && event.order < first.order)) first = event;
    }
    events.splice(events.indexOf(first), 1);
    this.time = first.at;
    first.run();
    return true;
  }
}

/** How bytes are handed over: what one turn wrote in one piece, or octet by octet. */
export type Delivery = 'whole' | 'octets';

/** Two ends of a stream in memory. An end's handler is set before anything is written to the other. */
export function memoryWires(time: VirtualTime, delivery: Delivery): [MemoryWire, MemoryWire] {
  const a = new MemoryWire(time, delivery);
  const b = new MemoryWire(time, delivery);
  a.peer = b;
  b.peer = a;
  return [a, b];
}

export class MemoryWire implements Wire {
  handler: WireHandler | undefined;
  peer: MemoryWire | undefined;
  private readonly time: VirtualTime;
  private readonly delivery: Delivery;
  private pending: Uint8Array[];
  private scheduled: boolean;
  private ended: boolean;
  private gone: boolean;

  constructor(time: VirtualTime, delivery: Delivery) {
    this.handler = undefined;
    this.peer = undefined;
    this.time = time;
    this.delivery = delivery;
    this.pending = [];
    this.scheduled = false;
    this.ended = false;
    this.gone = false;
  }

  write(bytes: Uint8Array): void {
    if (this.ended || this.gone) return;
    this.pending.push(bytes.slice());
    this.schedule();
  }

  end(): void {
    if (this.ended || this.gone) return;
    this.ended = true;
    this.schedule();
  }

  abort(): void {
    this.pending = [];
    this.end();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.time.soon(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const bytes = joinBytes(this.pending);
    this.pending = [];
    const step = this.delivery === 'whole' ? bytes.length : 1;
    for (let i = 0; i < bytes.length && !this.gone; i += step) {
      this.peer!.handler!.onBytes(bytes.slice(i, i + step));
    }
    if (!this.ended) return;
    // As with TCP in the official suite, the end of one side is the end of both.
    this.time.soon(() => this.peer!.disappear());
    this.time.soon(() => this.disappear());
  }

  private disappear(): void {
    if (this.gone) return;
    this.gone = true;
    this.handler!.onGone();
  }
}

/** What is judged: it takes its end of the wire, and says how it is told of what comes. */
export type Peer = (wire: Wire, timing: Timing) => WireHandler;

/** Runs one case against a peer in memory, to its end. `role` is the suite's own. */
export function runInMemory(test: Case, role: Role, peer: Peer, delivery: Delivery = 'whole'): Outcome {
  const time = new VirtualTime();
  const [mine, theirs] = memoryWires(time, delivery);
  let outcome: Outcome | undefined;
  const done = (it: Outcome): void => void (outcome = it);
  const run = new CaseRun(test, { role, timing: time, host: 'memory', resource: '/', done });
  mine.handler = run;
  theirs.handler = peer(theirs, time);
  run.start(mine);
  while (outcome === undefined) {
    if (!time.step()) throw new Error(`${test.id} does not end: nothing is left that could happen`);
  }
  return outcome;
}
