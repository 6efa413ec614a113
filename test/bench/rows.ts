import type { Job } from './wire/job.ts';
import { wireOf } from './wire/plan.ts';

/** The most that a ratio may be: server CPU per message of one peer through that of another, in one run. */
export interface Targets {
  /** The event driver through `ws` without bufferutil. */
  ws?: number;
  /** The event driver through the raw echo. */
  raw?: number;
  /** `sansocket/ws` through `ws` without bufferutil. */
  face?: number;
  /** The promise API through the event driver. */
  promise?: number;
  /** Topics through `broadcast` of the event driver. */
  topics?: number;
  /** The event driver through Bun's server. */
  bun?: number;
}

/** A workload, with what it is to reach. */
export interface Row {
  id: string;
  title: string;
  job: Omit<Job, 'raw'>;
  targets: Targets;
  /** What is measured: CPU time per message, or memory per connection. */
  measure: 'cpu' | 'memory';
  /** Part of `--quick`. */
  quick: boolean;
  /** Milliseconds of work before the clock is read, where that is longer than for other rows. */
  warmUp?: number;
}

type Shape = Partial<Omit<Job, 'wire' | 'raw'>> & { size: number };

/** A row of the server's, or of the client's where the shape says so. */
export function row(id: string, title: string, shape: Shape, targets: Targets, quick = false): Row {
  const job = {
    role: 'server' as const,
    work: 'echo' as const,
    kind: 'text' as const,
    connections: 1,
    depth: 1,
    fragments: 1,
    compress: false as const,
    ...shape,
  };
  return {
    id,
    title,
    job: { ...job, wire: wireOf(job) },
    targets,
    measure: job.work === 'idle' ? 'memory' : 'cpu',
    quick,
  };
}

const many = { connections: 64, depth: 64 };
const KIB = 1024;

export const ROWS: readonly Row[] = [
  row(
    'text-16-64x64',
    'text 16 B, 64 × 64',
    { size: 16, ...many },
    { ws: 0.05, raw: 2, promise: 1.5, bun: 1.15 },
    true,
  ),
  row(
    'text-125-64x64',
    'text 125 B, 64 × 64',
    { size: 125, ...many },
    { ws: 0.05, face: 0.1, raw: 2, promise: 1.5, bun: 1.4 },
    true,
  ),
  row(
    'text-1k-64x64',
    'text 1 KiB, 64 × 64',
    { size: KIB, ...many },
    { ws: 0.11, face: 0.15, raw: 2, promise: 2, bun: 1 },
    true,
  ),
  row('cjk-1k-64x64', 'text 1 KiB CJK, 64 × 64', { kind: 'cjk', size: KIB, ...many }, { ws: 0.4 }),
  row(
    'binary-1k-64x64',
    'binary 1 KiB, 64 × 64',
    { kind: 'binary', size: KIB, ...many },
    { ws: 0.11, raw: 2, promise: 2, bun: 1 },
  ),
  row(
    'text-125-64x1',
    'text 125 B, 64 × 1',
    { size: 125, connections: 64 },
    { ws: 0.6, face: 0.75, raw: 0.9, promise: 1.2 },
    true,
  ),
  row('text-1k-64x1', 'text 1 KiB, 64 × 1', { size: KIB, connections: 64 }, { ws: 0.6, raw: 0.9, promise: 1.2 }),
  row('text-125-1x1', 'text 125 B, 1 × 1', { size: 125 }, {}),
  row(
    'text-16k-64x1',
    'text 16 KiB, 64 × 1',
    { size: 16 * KIB, connections: 64 },
    { ws: 0.3, face: 0.45, raw: 1.1, promise: 1.1, bun: 1 },
    true,
  ),
  row('binary-16k-64x8', 'binary 16 KiB, 64 × 8', { kind: 'binary', size: 16 * KIB, connections: 64, depth: 8 }, {}),
  row('binary-64k-1x1', 'binary 64 KiB, 1 × 1', { kind: 'binary', size: 64 * KIB }, {}),
  row(
    'binary-1m-1x1',
    'binary 1 MiB, 1 × 1',
    { kind: 'binary', size: KIB * KIB },
    { ws: 0.22, raw: 1.1, promise: 1.1, bun: 1 },
    true,
  ),
  row('text-1m-1x1', 'text 1 MiB, 1 × 1', { size: KIB * KIB }, { ws: 0.35 }),
  row(
    'fragments-1k-64x8',
    'text 1 KiB in 4 fragments, 64 × 8',
    { size: KIB, fragments: 4, connections: 64, depth: 8 },
    { ws: 0.2 },
    true,
  ),
  row(
    'fragments-16k-64x4',
    'binary 16 KiB in 16 fragments, 64 × 4',
    { kind: 'binary', size: 16 * KIB, fragments: 16, connections: 64, depth: 4 },
    { ws: 0.4 },
  ),
  row('tls-125-64x64', 'over TLS: text 125 B, 64 × 64', { over: 'tls', size: 125, ...many }, { ws: 1 }),
  row('tls-125-64x1', 'over TLS: text 125 B, 64 × 1', { over: 'tls', size: 125, connections: 64 }, { ws: 1 }),
  row('tls-16k-64x1', 'over TLS: text 16 KiB, 64 × 1', { over: 'tls', size: 16 * KIB, connections: 64 }, { ws: 1 }),
  row('http2-125-64x64', 'over HTTP/2: text 125 B, 64 × 64', { over: 'http2', size: 125, ...many }, {}),
  row('http2-125-64x1', 'over HTTP/2: text 125 B, 64 × 1', { over: 'http2', size: 125, connections: 64 }, {}),
  row('http2-16k-64x1', 'over HTTP/2: text 16 KiB, 64 × 1', { over: 'http2', size: 16 * KIB, connections: 64 }, {}),
  row(
    'broadcast-1',
    'broadcast 125 B to 1,000, per delivery',
    { work: 'broadcast', size: 125, connections: 1000 },
    { ws: 0.8 },
  ),
  row('text-125-10000x1', 'text 125 B, 10,000 × 1', { size: 125, connections: 10_000 }, { ws: 0.75 }),
  row(
    'broadcast-8',
    'broadcast, 8 messages a round',
    { work: 'broadcast', size: 125, connections: 1000, depth: 8 },
    { ws: 0.08 },
  ),
  row(
    'topics-publish',
    'publish 125 B to 1,000 subscribers, per delivery',
    { work: 'broadcast', size: 125, connections: 1000 },
    { topics: 1.05 },
  ),
  row(
    'socket.io-broadcast',
    'Socket.IO: broadcast 125 B to 200, per delivery',
    { work: 'broadcast', over: 'socket.io', size: 125, connections: 200 },
    { face: 0.7 },
  ),
  row(
    'handshake',
    'opening and closing handshake, 64 at once, cold',
    { work: 'handshake', size: 0, connections: 64 },
    {},
    true,
  ),
  {
    ...row('handshake-warm', 'the same, warm', { work: 'handshake', size: 0, connections: 64 }, { ws: 0.5, bun: 1.8 }),
    // Ten thousand of them and more, on any machine.
    warmUp: 4000,
  },
  row(
    'client-125-64x64',
    'client: text 125 B, 64 × 64',
    { role: 'client', size: 125, ...many },
    { ws: 0.05, face: 0.12, raw: 2, promise: 1.5 },
    true,
  ),
  row(
    'client-1k-64x64',
    'client: text 1 KiB, 64 × 64',
    { role: 'client', size: KIB, ...many },
    { ws: 0.11, raw: 2, promise: 2 },
  ),
  row(
    'client-cjk-64x64',
    'client: text 1 KiB CJK, 64 × 64',
    { role: 'client', kind: 'cjk', size: KIB, ...many },
    { ws: 0.4 },
  ),
  row('client-125-64x1', 'client: text 125 B, 64 × 1', { role: 'client', size: 125, connections: 64 }, {}),
  row('client-16k-64x1', 'client: text 16 KiB, 64 × 1', { role: 'client', size: 16 * KIB, connections: 64 }, {}),
  row(
    'client-1m-1x1',
    'client: binary 1 MiB, 1 × 1',
    { role: 'client', kind: 'binary', size: KIB * KIB },
    { ws: 0.25 },
  ),
  compressed('json-1k-1x1', 'JSON 1 KiB compressed, 1 × 1', { size: KIB, compress: 'takeover' }, { ws: 0.42 }),
  compressed(
    'json-1k-64x1',
    'JSON 1 KiB compressed, 64 × 1',
    { size: KIB, connections: 64, compress: 'takeover' },
    { ws: 0.6 },
    true,
  ),
  compressed(
    'json-1k-64x1-shared',
    'the same, one compressor shared',
    { size: KIB, connections: 64, compress: 'shared' },
    { ws: 0.16 },
  ),
  compressed(
    'json-1k-64x16',
    'JSON 1 KiB compressed, 64 × 16',
    { size: KIB, connections: 64, depth: 16, compress: 'takeover' },
    { ws: 0.15, face: 0.2 },
  ),
  compressed(
    'json-16k-64x1',
    'JSON 16 KiB compressed, 64 × 1',
    { size: 16 * KIB, connections: 64, compress: 'takeover' },
    { ws: 0.8 },
  ),
  compressed(
    'json-16k-64x1-shared',
    'the same, one compressor shared',
    { size: 16 * KIB, connections: 64, compress: 'shared' },
    { ws: 0.42 },
  ),
  row(
    'idle',
    'memory of an idle connection, of 10,000, after a message each',
    { work: 'idle', size: 125, connections: 10_000 },
    { ws: 0.85, face: 0.9, promise: 1.3 },
  ),
  row(
    'idle-http',
    'the same on a server of node:http',
    { work: 'idle', over: 'node:http', size: 125, connections: 10_000 },
    { ws: 0.9, face: 0.9 },
  ),
  row(
    'idle-json',
    'the same of 2,000, each after 4 compressed messages',
    { work: 'idle', kind: 'json', size: KIB, connections: 2000, depth: 4, compress: 'takeover' },
    { ws: 0.4 },
  ),
];

function compressed(id: string, title: string, shape: Shape, targets: Targets, quick = false): Row {
  return row(id, title, { kind: 'json', ...shape }, targets, quick);
}
