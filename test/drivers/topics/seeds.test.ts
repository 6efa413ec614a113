/** Faults at random, the same for a seed: `TOPICS_SEEDS=10000 npx vitest run test/drivers/topics/seeds.test.ts` tries more. */
import { expect, test } from 'vitest';
import { SeededRandom } from '../../../drivers/pipe/random.ts';
import { Cluster, Reader } from './cluster.ts';

const SEEDS = Number(process.env.TOPICS_SEEDS ?? 40);

/** Three nodes, a few subscribers, and everything that can go wrong, for so many steps. */
async function run(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random.fraction() * of.length)]!;
  const cluster = await Cluster.of(3, { heartbeat: 50, limits: { held: 4, page: 3 } }, seed);
  cluster.broker.history = 12;
  cluster.broker.pushLatency = 1 + (seed % 4);
  const readers: Reader[] = [];
  for (const node of cluster.nodes) readers.push(await cluster.subscribe(node, 'news'));
  const acknowledged: string[] = [];
  const publishing: Promise<void>[] = [];
  const erased = (): Set<unknown> => cluster.broker.log('news').erased;
  let count = 0;
  const publish = (): void => {
    const text = String(++count);
    const done = pick(cluster.nodes)
      .hub.publish('news', text)
      .then(() => void acknowledged.push(text));
    publishing.push(done.catch(() => {}));
  };
  for (let step = 0; step < 60; step++) {
    const chance = random.fraction();
    if (chance < 0.6) publish();
    else if (chance < 0.66) pick(cluster.nodes).engine.cut();
    else if (chance < 0.7) pick(cluster.nodes).engine.silence();
    else if (chance < 0.73) cluster.broker.kill();
    else if (chance < 0.76) cluster.broker.failOver(Math.floor(random.fraction() * 3));
    else if (chance < 0.78) cluster.broker.clear();
    else if (chance < 0.88) await moveOn(cluster, pick(readers), pick(cluster.nodes));
    if (random.fraction() < 0.3) cluster.broker.restart();
    await cluster.network.advance(Math.floor(random.fraction() * 30));
  }
  cluster.broker.restart();
  await cluster.network.advance(2000);
  publish();
  await cluster.network.advance(2000);
  await Promise.all(publishing);
  for (const reader of readers) judge(reader, acknowledged, erased(), count);
}

/** Its client resumes at another node, with the position of the last message that it got. */
async function moveOn(cluster: Cluster, reader: Reader, node: Cluster['nodes'][0]): Promise<void> {
  if (reader.position === undefined || !cluster.broker.isUp) return;
  reader.client.terminate();
  await cluster.network.advance(1);
  void cluster.subscribe(node, 'news', { since: reader.position }, reader).catch(() => {});
  await cluster.network.advance(10);
}

/** Nothing twice, each publisher's and each topic's order, and for what is missing a gap in its place. */
function judge(reader: Reader, acknowledged: readonly string[], erased: ReadonlySet<unknown>, count: number): void {
  const { told, messages } = reader;
  expect(new Set(messages).size, 'twice').toBe(messages.length);
  expect(messages.at(-1), 'the last').toBe(String(count));
  for (const text of acknowledged) {
    if (messages.includes(text) || erased.has(text)) continue;
    expect(
      told.some((one) => typeof one !== 'string'),
      `${text} is missing and nobody was told`,
    ).toBe(true);
  }
}

test(
  `${SEEDS} seeds: every acknowledged message is delivered or told, none twice`,
  { timeout: 60_000 + 1000 * SEEDS },
  async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      await run(seed).catch((error: Error) => {
        throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
      });
    }
  },
);
