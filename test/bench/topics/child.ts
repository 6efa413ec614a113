/** Measures a row of rows.ts, and sends what came of it to the parent. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { createNetwork, type Socket } from '../../../drivers/pipe/index.ts';
import { createTopics, type Engine, type Topics } from '../../../drivers/topics/index.ts';
import { redisEngine } from '../../../drivers/topics/redis/index.ts';
import { type ServerProcess, startRedis } from '../../drivers/topics/servers.ts';
import { latencies } from './latency.ts';
import type { TopicsResult } from './rows.ts';

const SUBSCRIPTIONS = 100_000;
const SOCKETS = 100;
const ROUNDS = 5;

type Measured = Omit<TopicsResult, 'id'>;

const MEASURES: Readonly<Record<string, () => Promise<Measured>>> = {
  'topics-of-one': async () => perSubscription(1, 350),
  'topics-of-ten': async () => perSubscription(10, 200),
  'topics-heap': totalHeap,
  'topics-back': back,
  'topics-latency': async () => compareLatency(1),
  'topics-latency-100': async () => compareLatency(100),
};

const id = process.argv[2]!;
const measured = await MEASURES[id]!();
process.send!({ id, ...measured } satisfies TopicsResult);

function engineOf(redis: ServerProcess): Engine {
  return redisEngine(createClient({ socket: { host: '127.0.0.1', port: redis.port } }));
}

/** What is the libraries' own is told beside it: they keep a listener, or a name, a channel. */
async function totalHeap(): Promise<Measured> {
  const { bytes } = await subscribed(1);
  const redis = await startRedis();
  const over: string[] = [];
  const clients = {
    'node-redis': () => createClient({ socket: { host: '127.0.0.1', port: redis.port } }),
    ioredis: () => new Redis(redis.port, '127.0.0.1', { lazyConnect: true }),
  };
  for (const [name, client] of Object.entries(clients)) {
    const { hub, bytes: all } = await subscribed(1, redisEngine(client(), { prefix: name }));
    over.push(`${(all / 1e6).toFixed(1)} over ${name}`);
    await hub.close();
  }
  await redis.close();
  return { value: Math.round(bytes / 1e5) / 10, unit: 'MB', target: 35, detail: `in memory; ${over.join(', ')}` };
}

async function perSubscription(perTopic: number, target: number): Promise<Measured> {
  const { bytes } = await subscribed(perTopic);
  return { value: Math.round(bytes / SUBSCRIPTIONS), unit: 'B', target, detail: 'heap; names and sockets not counted' };
}

/** A hub with so many subscriptions, and by how much the heap has grown with them. */
async function subscribed(perTopic: number, engine?: Engine): Promise<{ hub: Topics; bytes: number }> {
  const network = createNetwork();
  const sockets: Socket[] = [];
  await network.serve({ host: 'server' }, { open: (socket) => void sockets.push(socket) });
  for (let i = 0; i < SOCKETS; i++) network.connect('ws://server', {}, {});
  await network.settle();
  const hub = createTopics({ engine, heartbeat: 5000, limits: { subscriptions: false } });
  await hub.start();
  const names = Array.from({ length: SUBSCRIPTIONS / perTopic }, (_, i) => `user/${i}`);
  for (const socket of sockets) await hub.subscribe(socket, 'warm');
  const before = heap();
  for (let from = 0; from < SUBSCRIPTIONS; from += 1000) {
    const some = Array.from({ length: 1000 }, (_, i) => from + i);
    await Promise.all(some.map((i) => hub.subscribe(sockets[i % SOCKETS]!, names[Math.floor(i / perTopic)]!)));
  }
  return { hub, bytes: heap() - before };
}

/** From when redis-server takes connections again until all topics are subscribed to. */
async function back(): Promise<Measured> {
  const redis = await startRedis();
  const { hub } = await subscribed(1, engineOf(redis));
  const times: number[] = [];
  const loads: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await redis.kill();
    while (hub.metrics.engine.isUp) await turn();
    await redis.start();
    const start = performance.now();
    const before = process.cpuUsage();
    while (!hub.metrics.engine.isUp) await turn();
    const { user, system } = process.cpuUsage(before);
    times.push(performance.now() - start);
    loads.push((user + system) / 1000);
  }
  await redis.close();
  const detail = `of ${ROUNDS}; CPU of this process ${Math.round(median(loads))} ms`;
  return { value: Math.round(median(times)), unit: 'ms', target: 1000, detail };
}

async function compareLatency(clients: number): Promise<Measured> {
  const redis = await startRedis({ keeps: false });
  const rounds = await latencies(redis.port, clients, ROUNDS);
  await redis.close();
  const ratioAt = (quantile: number): number =>
    median(rounds.map((round) => at(round.sansocket, quantile) / at(round['socket.io'], quantile)));
  const [p50, p99] = [0.5, 0.99].map((quantile) => {
    const [own, other] = (['sansocket', 'socket.io'] as const).map((name) =>
      median(rounds.map((round) => at(round[name], quantile))).toFixed(2),
    );
    return `p${quantile * 100} ${own} beside ${other} ms (${ratioAt(quantile).toFixed(2)})`;
  });
  return { value: Number(ratioAt(0.5).toFixed(2)), unit: 'of Socket.IO’s p50', target: 0.7, detail: `${p50}, ${p99}` };
}

function at(values: readonly number[], quantile: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(quantile * (values.length - 1))]!;
}

function heap(): number {
  for (let i = 0; i < 4; i++) globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

function median(values: readonly number[]): number {
  return at(values, 0.5);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
