/** Callbacks that call the hub back at once, with faults at random, the same for a seed: `TOPICS_SEEDS=500` tries more. */
import { expect, test } from 'vitest';
import { createNetwork, type Socket } from '../../../drivers/pipe/index.ts';
import { SeededRandom } from '../../../drivers/pipe/random.ts';
import { createPresence, createTopics, type Slow } from '../../../drivers/topics/index.ts';
import { Broker } from './broker.ts';

const SEEDS = Number(process.env.TOPICS_SEEDS ?? 20);
const TOPICS = ['a', 'b', 'c'];
const POLICIES: readonly Slow[] = ['catch-up', 'skip', 'latest', 'send', 'terminate'];
/** How deep callbacks call, and how often in all: each of them may lead to more. */
const DEPTH = 3;
const MOST_CALLS = 3000;

/** A hub whose callbacks do at random what its user may do, and clients that note what comes. */
async function run(seed: number): Promise<void> {
  const [outside, inside] = [new SeededRandom(seed), new SeededRandom(seed + 1e6)];
  const network = createNetwork({ seed });
  const broker = new Broker(network.clock);
  broker.history = 4;
  const engine = broker.engine();
  const errors: unknown[] = [];
  const sockets: Socket[] = [];
  const received: string[][] = [];
  let depth = 0;
  let calls = 0;

  /** From here on anything may come: it was not subscribed, or was told of a gap. */
  const mark = (ws: Socket, topic: string): void => void (ws.state === 'open' && ws.send(`mark|${topic}`));
  const act = (random: SeededRandom): void => {
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random.fraction() * of.length)]!;
    if (sockets.length === 0) return;
    const [ws, topic, chance] = [pick(sockets), pick(TOPICS), random.fraction()];
    if (chance < 0.35) hub.subscribe(ws, topic, { slow: pick(POLICIES) }).catch(() => {});
    else if (chance < 0.55) {
      hub.unsubscribe(ws, topic);
      mark(ws, topic);
    } else if (chance < 0.6) {
      hub.unsubscribe(ws);
      for (const each of TOPICS) mark(ws, each);
    } else if (chance < 0.85) hub.publish(topic, 'x'.repeat(random.fraction() * 600)).catch(() => {});
    else if (chance < 0.9) {
      hub.revoke((whose, of) => whose === ws && of === topic);
      mark(ws, topic);
    } else if (chance < 0.93) ws.terminate();
    else if (chance < 0.96) presence.enter(ws, topic, 'me').catch(() => {});
    else presence.leave(ws, topic);
  };
  const callBack = (): void => {
    if (depth === DEPTH || calls === MOST_CALLS || inside.fraction() < 0.6) return;
    depth++;
    calls++;
    act(inside);
    depth--;
  };

  const hub = createTopics({
    engine,
    clock: network.clock,
    heartbeat: 50,
    limits: { held: 3, page: 2 },
    frame: (topic, message, position) => {
      callBack();
      return ['message', topic, ...position!.split('-').slice(0, 2), String(message)].join('|');
    },
    onGap: (ws, topic) => {
      mark(ws as Socket, topic);
      callBack();
    },
    onError: (error) => void errors.push(error),
    observer: { onPublish: callBack, onGap: callBack, onEngine: callBack },
  });
  await hub.start();
  const presence = createPresence(hub, { onChange: callBack });
  const handlers = {
    open: (socket: Socket) => void sockets.push(socket),
    close: (socket: Socket) => void sockets.splice(sockets.indexOf(socket), 1),
  };
  await network.serve({ host: 'server', sendHighWater: 1024 }, handlers);
  const connect = (): void => {
    const mine: string[] = [];
    received.push(mine);
    network.connect('ws://server', {}, { message: (_socket, data) => void mine.push(String(data)) });
  };
  for (let i = 0; i < 4; i++) connect();
  await network.settle();

  for (let step = 0; step < 120; step++) {
    const chance = outside.fraction();
    if (chance < 0.8) act(outside);
    else if (chance < 0.84) engine.cut();
    else if (chance < 0.86) engine.silence();
    else if (chance < 0.88) broker.kill();
    else if (chance < 0.9) broker.failOver(Math.floor(outside.fraction() * 3));
    else if (chance < 0.91) broker.clear();
    else if (chance < 0.93) connect();
    else if (chance < 0.96) network.links.at(-1)?.toClient.stall();
    else for (const { toClient } of network.links) toClient.unstall();
    if (outside.fraction() < 0.3) broker.restart();
    await network.advance(Math.floor(outside.fraction() * 30));
  }
  for (const { toClient } of network.links) toClient.unstall();
  broker.restart();
  await network.advance(3000);
  calls = MOST_CALLS;

  expect(errors).toEqual([]);
  const counts = hub.topics().map((topic) => hub.subscribers(topic).length);
  expect(counts).not.toContain(0);
  const { subscriptions, topics, held } = hub.metrics;
  expect([subscriptions, topics, held]).toEqual([counts.reduce((a, b) => a + b, 0), counts.length, 0]);
  const publishing = hub.topics().map((topic) => hub.publish(topic, 'last'));
  await network.advance(6000);
  await Promise.all(publishing);
  const last = received.flat().filter((text) => text.endsWith('|last'));
  expect(last.length, 'everybody has the last').toBe(subscriptions);
  for (const mine of received) for (const topic of TOPICS) judge(mine, topic);
  const closing = hub.close();
  await network.advance(1000);
  await closing;
}

/** Between two marks each message follows the one before it. */
function judge(received: readonly string[], topic: string): void {
  let before: [epoch: string, offset: number] | undefined;
  for (const text of received) {
    const [kind, of, epoch, offset] = text.split('|') as [string, string, string, string];
    if (of !== topic) continue;
    if (kind === 'message' && before !== undefined) expect([epoch, Number(offset)]).toEqual([before[0], before[1] + 1]);
    before = kind === 'message' ? [epoch, Number(offset)] : undefined;
  }
}

test(`${SEEDS} seeds: in order, once, or told, whatever callbacks do`, { timeout: 60_000 + 1000 * SEEDS }, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await run(seed).catch((error: Error) => {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
    });
  }
});
