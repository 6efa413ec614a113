import { join } from 'node:path';
import { makeCertificate } from '../support/certificates.ts';
import { Child } from './child.ts';
import type { Peer } from './peers.ts';
import type { Row } from './rows.ts';
import type { Job, Run, Sample } from './wire/job.ts';

/** One peer in one row, once. */
export interface Measurement {
  /** CPU time of the peer, in microseconds a message. */
  cpu: number;
  /** What the kernel took of that. */
  kernel: number;
  /** Messages a second. */
  rate: number;
  /** Share of a core that the peer and the load generator used, 0 to 1. */
  peerLoad: number;
  generatorLoad: number;
  /** Growth of the peer's resident set, and of its heap with what hangs on it, in bytes a connection. */
  rss: number;
  heap: number;
  messages: number;
}

export interface Settings {
  /** Where the children's files are; see compile.ts. */
  children: string;
  /** The Node that runs the peers. */
  node: string;
  /** Milliseconds before and in the measured window. */
  warmUp: number;
  window: number;
  /** A folder for CPU profiles of the measured windows, of the peers that run on Node. */
  profile?: string;
}

/**
 * Runs a peer and the load generator in fresh processes, on a core each. Both are quiet when the CPU clock is read, and
 * every message is back: what lies between two readings is the cost of exactly the messages counted.
 */
export async function measure(row: Row, peer: Peer, settings: Settings): Promise<Measurement> {
  const { node, children, warmUp, window } = settings;
  const isSecure = row.job.over === 'tls' || row.job.over === 'http2';
  const certificate = isSecure ? { certificate: makeCertificate('IP:127.0.0.1') } : {};
  const job: Job = { ...row.job, raw: peer.raw === true, ...certificate };
  const memory = row.measure === 'memory';
  // The young generation grows with the rate of allocation and not with connections: it is kept small for all alike.
  const memoryOptions = memory ? ['--max-semi-space-size=1'] : [];
  const target = new Child({
    command: peer.command ?? node,
    arguments: [
      ...(peer.command === undefined ? ['--expose-gc', ...memoryOptions] : []),
      join(children, 'peers', `${peer.file}.js`),
    ],
    environment: { NODE_ENV: 'production', ...peer.environment },
    core: 0,
  });
  const load = new Child({ command: node, arguments: [join(children, 'load', 'main.js')], core: 1 });
  // The raw peer answers handshakes, with fixed bytes, so that the generator may ask for them as ever.
  const loadJob: Job = { ...job, raw: job.raw && job.work !== 'handshake' };
  try {
    if (job.role === 'server') {
      const port = await target.call<number>('start', { job });
      await load.call('prepare', { job: loadJob, port });
    } else {
      const port = await load.call<number>('prepare', { job: loadJob });
      await Promise.all([target.call('start', { job, port }), load.call('connected')]);
    }
    if (!memory) await run(row.warmUp ?? warmUp);
    const isProfiled = settings.profile !== undefined && peer.command === undefined;
    if (isProfiled) await target.call('profile', {});
    const before = await target.call<Sample>('sample', { collect: memory });
    const result = await run(window);
    const after = await target.call<Sample>('sample', { collect: memory });
    if (isProfiled) await target.call('profile', { file: join(settings.profile!, `${row.id}.${peer.id}.cpuprofile`) });
    await load.call('verify', undefined, 60_000);
    if (result.messages === 0) throw new Error('nothing was measured');
    const cpu = after.cpu - before.cpu;
    return {
      cpu: cpu / result.messages,
      kernel: (after.kernel - before.kernel) / result.messages,
      rate: (result.messages / result.elapsed) * 1000,
      peerLoad: cpu / result.elapsed / 1000,
      generatorLoad: result.cpu / result.elapsed / 1000,
      rss: (after.rss - before.rss) / result.messages,
      heap: (after.heap - before.heap) / result.messages,
      messages: result.messages,
    };
  } finally {
    await Promise.all([target.end(), load.end()]);
  }

  /** Fails when either side does, whichever was asked. */
  async function run(milliseconds: number): Promise<Run> {
    return await Promise.race([load.call<Run>('run', milliseconds, milliseconds + 60_000), target.watch()]);
  }
}
