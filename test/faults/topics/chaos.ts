/** Ten hubs on a server or a cluster, faults at random, and whether every acknowledged message was delivered or told. */
import { SeededRandom } from '../../../drivers/pipe/random.ts';
import type { Published } from '../../../drivers/topics/index.ts';
import { RealNode, until } from '../../drivers/topics/real.ts';
import { Proxy } from '../../drivers/topics/servers.ts';
import { type BrokerName, BROKERS, type ChaosBroker, pause, TOPIC } from './brokers.ts';
import { Reader } from './reader.ts';

export interface ChaosOptions {
  readonly engine: BrokerName;
  readonly nodes: number;
  /** It ends after so many faults, or so many milliseconds. */
  readonly faults: number;
  readonly milliseconds: number;
  readonly seed: number;
  /** Told of each fault. */
  onFault?(kind: string, count: number): void;
}

export interface ChaosResult {
  readonly faults: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  readonly delivered: number;
  readonly gaps: number;
  /** What was promised and not kept. */
  readonly broken: readonly string[];
}

/** A publish that was acknowledged: where it stands in its line, and which line that is. */
interface Acknowledged {
  readonly text: string;
  /** With positions there is one line; without, one of each publisher. */
  readonly line: number;
  readonly epoch: string;
  readonly offset: number;
}

/** What happens to a node's connections, and to a reader: it goes on at another node. The servers' faults come as often. */
const COMMON = ['cut', 'cut', 'cut', 'silence', 'silence', 'stall', 'stall', 'resume', 'resume'] as const;

/** It goes on until so many publishes were acknowledged, however few there was time for. */
const LEAST_ACKNOWLEDGED = 10;

export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const broker = await BROKERS[options.engine]();
  try {
    return await chaosUpon(broker, options);
  } finally {
    await broker.close();
  }
}

async function chaosUpon(broker: ChaosBroker, options: ChaosOptions): Promise<ChaosResult> {
  const { nodes: count, faults, milliseconds, seed, onFault } = options;
  const random = new SeededRandom(seed);
  const { ports, hasHistory } = broker;
  const ends: (() => unknown)[] = [];
  const proxies: Proxy[][] = [];
  const nodes: RealNode[] = [];
  const readers: Reader[] = [];
  const frame = (_topic: string, message: unknown, position: string | undefined): string => `${position} ${message}`;
  for (let i = 0; i < count; i++) {
    const own = ports.map((port) => new Proxy(() => port));
    const { engine, end } = await broker.connect(await Promise.all(own.map((proxy) => proxy.listen())), i);
    ends.push(end);
    const node = await new RealNode(engine, { heartbeat: 400, frame }).start();
    proxies.push(own);
    nodes.push(node);
    readers.push(await Reader.at(node, TOPIC));
  }
  const acknowledged: Acknowledged[] = [];
  const outcomes = { refused: 0, unknown: 0 };
  const counts: Record<string, number> = {};
  let published = 0;
  let isOver = false;
  const publish = async (): Promise<void> => {
    const number = ++published;
    const text = String(number);
    try {
      const { position } = await nodes[number % count]!.hub.publish(TOPIC, text);
      acknowledged.push(placed(text, number, hasHistory ? 0 : number % count, position));
    } catch (error) {
      outcomes[(error as Error).name === 'OutcomeUnknownError' ? 'unknown' : 'refused']++;
    }
  };
  const publishing = (async () => {
    for (; !isOver; await pause(3)) void publish();
  })();
  const end = performance.now() + milliseconds;
  const kinds = [...COMMON.slice(0, hasHistory ? undefined : -2), ...Object.keys(broker.faults)];
  let serving = Promise.resolve();
  let isServing = false;
  for (let i = 0; i < faults && performance.now() < end; i++) {
    const kind = kinds[Math.floor(random.fraction() * kinds.length)]!;
    const at = Math.floor(random.fraction() * count);
    const fault = broker.faults[kind];
    if (fault !== undefined && isServing) continue;
    counts[kind] = (counts[kind] ?? 0) + 1;
    onFault?.(kind, i + 1);
    if (fault !== undefined) {
      isServing = true;
      serving = fault(random.fork(i)).finally(() => (isServing = false));
      // It is awaited at last; until then it is nobody's.
      serving.catch(() => {});
      if (!broker.isSlow) await serving;
    } else if (kind === 'resume') void readers[at]!.resume(nodes[Math.floor(random.fraction() * count)]!);
    else await disturb(kind, proxies[at]!);
    await pause(random.fraction() * (broker.isSlow ? 500 : 60));
  }
  await serving;
  // A machine with much else to do has come to little of it.
  await until('some were acknowledged', () => acknowledged.length > LEAST_ACKNOWLEDGED, 30_000);
  isOver = true;
  await publishing;
  await until(
    'every node is up',
    () => nodes.every(({ hub }) => hub.metrics.engine.isUp),
    broker.isSlow ? 60_000 : 30_000,
  );
  // Two more from the same node: whoever has the second has been told of all before it.
  const last = await retried(() => nodes[0]!.hub.publish(TOPIC, 'last'));
  await until('everybody has the last', () => readers.every((reader) => reader.has('last')), 30_000);
  if (hasHistory) acknowledged.push(placed('last', 0, 0, last.position));
  const result: ChaosResult = {
    faults: counts,
    acknowledged: acknowledged.length,
    ...outcomes,
    delivered: readers.reduce((sum, { messages }) => sum + messages.length, 0),
    gaps: readers.reduce((sum, { gaps }) => sum + gaps.length, 0),
    broken: judge(readers, acknowledged),
  };
  for (const { hub } of nodes) await hub.close();
  for (const end of ends) await end();
  for (const proxy of proxies.flat()) await proxy.close();
  return result;
}

async function disturb(kind: string, proxies: readonly Proxy[]): Promise<void> {
  if (kind === 'cut') for (const proxy of proxies) proxy.cut();
  if (kind === 'silence') for (const proxy of proxies) proxy.swallow();
  if (kind !== 'stall') return;
  for (const proxy of proxies) proxy.hold();
  await pause(200);
  for (const proxy of proxies) proxy.release();
}

/** None twice, one order in each line, and for each acknowledged message that is missing a gap in its place. */
function judge(readers: readonly Reader[], acknowledged: readonly Acknowledged[]): string[] {
  const broken: string[] = [];
  // Epochs in the order in which they were acknowledged in: one begins when the last is lost.
  const epochs = [...new Set(acknowledged.map(({ epoch }) => epoch))];
  const rank = (one: Acknowledged): number => epochs.indexOf(one.epoch) * 1e9 + one.offset;
  const lines = new Map<number, Map<string, number>>();
  for (const one of acknowledged) {
    const ranks = lines.get(one.line) ?? new Map<string, number>();
    lines.set(one.line, ranks.set(one.text, rank(one)));
  }
  readers.forEach(({ all, messages }, i) => {
    const seen = new Set(messages);
    if (seen.size !== messages.length) broken.push(`reader ${i} was given something twice`);
    for (const ranks of lines.values())
      broken.push(...judgeLine(all, seen, ranks).map((what) => `reader ${i} ${what}`));
  });
  return broken;
}

/** Walks through what a reader was told: between two known places lies a gap, or nothing is missing. */
function judgeLine(all: readonly string[], seen: ReadonlySet<string>, ranks: ReadonlyMap<string, number>): string[] {
  const broken: string[] = [];
  let before = -1;
  let wasTold = false;
  for (const one of all) {
    if (one.startsWith('gap ')) wasTold = true;
    const here = ranks.get(one);
    if (here === undefined) continue;
    if (here < before) broken.push(`was given ${one} out of order`);
    const missing = before < 0 ? 0 : countBetween(ranks, before, here, seen);
    if (missing > 0 && !wasTold) broken.push(`missed ${missing} before ${one} and was not told`);
    before = here;
    wasTold = false;
  }
  return broken;
}

function countBetween(ranks: ReadonlyMap<string, number>, from: number, to: number, seen: ReadonlySet<string>): number {
  let count = 0;
  for (const [text, rank] of ranks) if (rank > from && rank < to && !seen.has(text)) count++;
  return count;
}

/** Without a position a message stands where its publisher has put it. */
function placed(text: string, number: number, line: number, position: string | undefined): Acknowledged {
  if (position === undefined) return { text, line, epoch: '', offset: number };
  const [epoch, offset] = position.split('-');
  return { text, line, epoch: epoch!, offset: Number(offset) };
}

async function retried(publish: () => Promise<Published>): Promise<Published> {
  for (let tries = 0; ; tries++) {
    try {
      return await publish();
    } catch (error) {
      if (tries > 100) throw error;
      await pause(50);
    }
  }
}
