/** The engines that chaos comes upon, each with its servers, and what may happen to those. */
import { connect } from '@nats-io/transport-node';
import { createClient } from 'redis';
import type { SeededRandom } from '../../../drivers/pipe/random.ts';
import type { Engine } from '../../../drivers/topics/index.ts';
import { natsEngine } from '../../../drivers/topics/nats/index.ts';
import { redisEngine } from '../../../drivers/topics/redis/index.ts';
import { type ServerProcess, startNats, startRedis } from '../../drivers/topics/servers.ts';
import { jetStreamCluster, redisCluster } from './clusters.ts';

export const TOPIC = 'news';
export const PREFIX = 'chaos';
export const HISTORY = 2000;
/** What a client of NATS is made with, besides its servers. */
export const NATS = { maxReconnectAttempts: -1, reconnectTimeWait: 30, reconnectJitter: 20, timeout: 2000 };

export type Fault = (random: SeededRandom) => Promise<void>;

export interface ChaosBroker {
  /** Of its servers: each node has a proxy before each of them. */
  readonly ports: readonly number[];
  /** Whether messages have positions, and history fills holes. */
  readonly hasHistory: boolean;
  /** What happens to its servers, by name. */
  readonly faults: Readonly<Record<string, Fault>>;
  /** They take long: more happens to the nodes' connections meanwhile. */
  readonly isSlow: boolean;
  /** A node's engine, over ports that lead to the servers, and what ends its client. */
  connect(ports: readonly number[], node: number): Promise<{ engine: Engine; end(): unknown }>;
  close(): Promise<void>;
}

export const BROKERS = {
  redis,
  nats: () => nats(false),
  jetstream: () => nats(true),
  'redis-cluster': redisCluster,
  'jetstream-cluster': jetStreamCluster,
};

export type BrokerName = keyof typeof BROKERS;

/** What each is run by. */
export const PROGRAMS: Readonly<Record<BrokerName, string>> = {
  redis: 'redis-server',
  nats: 'nats-server',
  jetstream: 'nats-server',
  'redis-cluster': 'redis-server',
  'jetstream-cluster': 'nats-server',
};

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function redis(): Promise<ChaosBroker> {
  const server = await startRedis();
  return {
    ports: [server.port],
    hasHistory: true,
    isSlow: false,
    faults: { trim: () => trimRedis(server.port), ...restarts(server) },
    connect: async ([port]) => {
      const client = createClient({ socket: { host: '127.0.0.1', port: port! } });
      return { engine: redisEngine(client, { prefix: PREFIX, history: HISTORY }), end: () => {} };
    },
    close: () => server.close(),
  };
}

async function nats(hasHistory: boolean): Promise<ChaosBroker> {
  const server = await startNats();
  return {
    ports: [server.port],
    hasHistory,
    isSlow: false,
    faults: { ...(hasHistory && { trim: () => trimNats([server.port]) }), ...restarts(server) },
    connect: async ([port]) => {
      const connection = await connect({ servers: `127.0.0.1:${port}`, ...NATS });
      const engine = natsEngine(connection, { prefix: PREFIX, ...(hasHistory && { history: HISTORY }) });
      return { engine, end: () => connection.close() };
    },
    close: () => server.close(),
  };
}

/** A server is killed and comes back, with its data or without. */
function restarts(server: ServerProcess): Record<string, Fault> {
  const restart = async (data: boolean): Promise<void> => {
    await server.kill({ data });
    await pause(50);
    await server.start();
  };
  return { kill: () => restart(true), empty: () => restart(false) };
}

/** Drops all but the two newest messages; nothing where the server is not there or not ready. */
export async function trimRedis(port: number): Promise<void> {
  const control = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } });
  control.on('error', () => {});
  await control.connect();
  // It may be loading its data still: then there is nothing to trim.
  await control.xTrim(`${PREFIX}:{${TOPIC}}:s`, 'MAXLEN', 2).catch(() => {});
  control.destroy();
}

export async function trimNats(ports: readonly number[]): Promise<void> {
  const control = await connect({ servers: ports.map((port) => `127.0.0.1:${port}`), timeout: 2000 });
  const purge = JSON.stringify({ filter: `${PREFIX}.in.${TOPIC}`, keep: 2 });
  await control.request(`$JS.API.STREAM.PURGE.${PREFIX}_topics`, purge, { timeout: 2000 }).catch(() => {});
  await control.close();
}
