/** Clusters of three that chaos comes upon: one of them is killed, stands still, is cut off or comes back without its data. */
import { connect } from '@nats-io/transport-node';
import { createCluster } from 'redis';
import type { SeededRandom } from '../../../drivers/pipe/random.ts';
import { natsEngine } from '../../../drivers/topics/nats/index.ts';
import { redisEngine } from '../../../drivers/topics/redis/index.ts';
import { slotOf } from '../../../drivers/topics/redis/slots.ts';
import { NatsCluster } from '../../drivers/topics/nats/servers-cluster.ts';
import { RedisCluster } from '../../drivers/topics/redis/servers-cluster.ts';
import type { ServerProcess } from '../../drivers/topics/servers.ts';
import { type ChaosBroker, HISTORY, NATS, pause, PREFIX, TOPIC, trimNats, trimRedis } from './brokers.ts';

/** Longer than it takes a cluster of NATS to notice that a leader is gone, and shorter. */
const LONGEST = 12_000;

function somewhile(random: SeededRandom): Promise<void> {
  return pause(random.fraction() * LONGEST);
}

function oneOf<T>(all: readonly T[], random: SeededRandom): T {
  return all[Math.floor(random.fraction() * all.length)]!;
}

export async function jetStreamCluster(): Promise<ChaosBroker> {
  const cluster = await NatsCluster.start();
  const { servers, ports } = cluster;
  const connection = (list: readonly number[]): ReturnType<typeof connect> =>
    connect({ servers: list.map((port) => `127.0.0.1:${port}`), noRandomize: true, ...NATS });
  /** The stream's leader, or any other of them as likely. */
  const victim = async (random: SeededRandom): Promise<number> => {
    const leader = await cluster.leaderOf(`${PREFIX}_topics`, oneOf([0, 1, 2], random)).catch(() => undefined);
    return random.fraction() < 0.6 && leader !== undefined ? leader : oneOf([0, 1, 2], random);
  };
  const restart = async (random: SeededRandom, data: boolean): Promise<void> => {
    const server = servers[await victim(random)]!;
    await server.kill({ data });
    await somewhile(random);
    await server.start();
    // One with a copy fewer than it should have may not lose another.
    await cluster.isWhole(`${PREFIX}_topics`);
  };
  return {
    ports,
    hasHistory: true,
    isSlow: true,
    faults: {
      trim: () => trimNats(ports),
      kill: (random) => restart(random, true),
      wipe: (random) => restart(random, false),
      freeze: async (random) => freeze(servers[await victim(random)]!, random),
      partition: async (random) => {
        const join = cluster.cutOff(await victim(random));
        await somewhile(random);
        join();
        await cluster.isWhole(`${PREFIX}_topics`);
      },
      'kill all': async (random) => {
        await Promise.all(servers.map((server) => server.kill()));
        await pause(random.fraction() * 500);
        await Promise.all(servers.map((server) => server.start()));
        await cluster.isWhole(`${PREFIX}_topics`);
      },
    },
    connect: async (list, node) => {
      const first = node % list.length;
      const own = await connection([...list.slice(first), ...list.slice(0, first)]);
      const engine = natsEngine(own, { prefix: PREFIX, history: HISTORY, replicas: 3 });
      return { engine, end: () => own.close() };
    },
    close: () => cluster.close(),
  };
}

export async function redisCluster(): Promise<ChaosBroker> {
  const cluster = await RedisCluster.start();
  const { servers, ports } = cluster;
  const slot = slotOf(`${PREFIX}:{${TOPIC}}`);
  /** The server that has the topic, or any other of them as likely. */
  const victim = async (random: SeededRandom): Promise<number> =>
    random.fraction() < 0.6 ? cluster.ownerOf(slot) : oneOf([0, 1, 2], random);
  return {
    ports,
    hasHistory: true,
    isSlow: true,
    faults: {
      trim: async () => trimRedis(ports[await cluster.ownerOf(slot)]!),
      flush: async () => void (await cluster.command(await cluster.ownerOf(slot), 'FLUSHALL')),
      move: async (random) => {
        const finish = await cluster.beginMove(slot);
        await pause(random.fraction() * 1000);
        await finish();
      },
      kill: async (random) => {
        const server = servers[await victim(random)]!;
        await server.kill();
        await pause(random.fraction() * 3000);
        await server.start();
        await cluster.isWhole();
      },
      freeze: async (random) => {
        await freeze(servers[await victim(random)]!, random, 4000);
        await cluster.isWhole();
      },
    },
    connect: async (list) => {
      const nodeAddressMap = Object.fromEntries(
        ports.map((port, i) => [`127.0.0.1:${port}`, { host: '127.0.0.1', port: list[i]! }]),
      );
      const rootNodes = list.map((port) => ({ socket: { host: '127.0.0.1', port } }));
      const client = createCluster({ rootNodes, nodeAddressMap });
      return { engine: redisEngine(client, { prefix: PREFIX, history: HISTORY }), end: () => {} };
    },
    close: () => cluster.close(),
  };
}

async function freeze(server: ServerProcess, random: SeededRandom, longest = LONGEST): Promise<void> {
  server.standStill();
  await pause(random.fraction() * longest);
  server.goOn();
}
