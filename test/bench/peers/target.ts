import { writeFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import type { Allocated, Job, Sample } from '../wire/job.ts';
import { obey } from '../wire/control.ts';

/** A peer under test: how it plays the roles that it has. */
export interface Target {
  /** Listens on 127.0.0.1 and resolves to the port. */
  server?(job: Job): Promise<number> | number;
  /** Opens `job.connections` connections and echoes what comes; resolves when all are open. */
  client?(job: Job, url: string): Promise<void> | void;
}

export function runTarget(target: Target): void {
  obey({
    start({ job, port }: { job: Job; port: number }) {
      if (job.role === 'server') return target.server!(job);
      return target.client!(job, `ws://127.0.0.1:${port}/`);
    },
    async sample({ collect }: { collect: boolean }): Promise<Sample> {
      if (collect) await collectGarbage();
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, external } = process.memoryUsage();
      return { cpu: user + system, kernel: system, rss, heap: heapUsed + external };
    },
    collect: collectGarbage,
    allocated,
    profile,
  });
}

let session: import('node:inspector').Session | undefined;

/** Starts a CPU profile, or ends it and writes it to a file: the measured time alone, without start-up and warm-up. */
async function profile({ file }: { file?: string }): Promise<void> {
  if (file === undefined) {
    const { Session } = await import('node:inspector');
    session = new Session();
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.start');
    return;
  }
  await new Promise<void>((resolve, reject) => {
    session!.post('Profiler.stop', (error, result) => {
      if (error) return reject(error);
      writeFileSync(file, JSON.stringify(result.profile));
      resolve();
    });
  });
}

let collections = 0;
let observer: PerformanceObserver | undefined;

/** What is allocated now, and how many garbage collections there were since the first call. */
export async function allocated(): Promise<Allocated> {
  if (observer === undefined) {
    observer = new PerformanceObserver((list) => void (collections += list.getEntries().length));
    observer.observe({ entryTypes: ['gc'] });
  }
  // Node reports a collection in a later turn of the loop.
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
  collections += observer.takeRecords().length;
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers, collections };
}

declare const Bun: { gc(force: boolean): void } | undefined;

/** Until nothing more goes: finalizers run between collections. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    if (typeof Bun === 'undefined') (globalThis as { gc?: () => void }).gc!();
    else Bun.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Calls `openOne` for each connection of the job; resolves when each has called `opened`. */
export function openAll(job: Job, openOne: (opened: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    let left = job.connections;
    for (let i = 0; i < job.connections; i++) openOne(() => --left === 0 && resolve());
  });
}
