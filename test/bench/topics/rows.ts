/** The rows of `npm run bench` that are no messages of one server: each is measured in a process of its own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { has } from '../../drivers/topics/servers.ts';

/** What came of a row: a figure, and what it should be at most. */
export interface TopicsResult {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  readonly target: number;
  /** What it is made of. */
  readonly detail: string;
}

export interface TopicsRow {
  readonly id: string;
  readonly title: string;
  /** It is measured over redis-server. */
  readonly needsRedis: boolean;
}

export const TOPICS_ROWS: readonly TopicsRow[] = [
  { id: 'topics-of-one', title: 'memory of a subscription, of 100,000 to a topic each', needsRedis: false },
  { id: 'topics-of-ten', title: 'the same, ten to a topic', needsRedis: false },
  { id: 'topics-heap', title: '100,000 subscriptions on 100,000 topics, all in all', needsRedis: true },
  { id: 'topics-back', title: '100,000 topics back after redis-server was killed', needsRedis: true },
  {
    id: 'topics-latency',
    title: 'publish to a client of another node, beside Socket.IO’s Redis adapter',
    needsRedis: true,
  },
  { id: 'topics-latency-100', title: 'the same, to 100 clients of another node', needsRedis: true },
];

/** Measures one. Undefined where what it needs is not there. */
export async function measureTopics({ id, needsRedis }: TopicsRow): Promise<TopicsResult | undefined> {
  if (needsRedis && !has('redis-server')) return undefined;
  const file = fileURLToPath(new URL('child.ts', import.meta.url));
  const child = fork(file, [id], { execArgv: ['--expose-gc', '--import', 'tsx'] });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${id} has ended with ${code}`)));
  });
  const told = new Promise<TopicsResult>((resolve) =>
    child.once('message', (result) => resolve(result as TopicsResult)),
  );
  try {
    return await Promise.race([told, ended]);
  } finally {
    ended.catch(() => {});
    child.kill();
  }
}

export function topicsLine({ id, value, unit, target, detail }: TopicsResult): string {
  const verdict = value <= target ? `≤ ${target}` : `MISSED: > ${target}`;
  return `${id.padEnd(24)}${value} ${unit} (${verdict})  ${detail}`;
}
