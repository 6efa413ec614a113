/** The engines that chaos comes upon, each with its server, and how its history is trimmed. */
import { connect } from '@nats-io/transport-node';
import { createClient } from 'redis';
import type { Engine } from '../../../drivers/topics/index.ts';
import { natsEngine } from '../../../drivers/topics/nats/index.ts';
import { redisEngine } from '../../../drivers/topics/redis/index.ts';
import { type ServerProcess, startNats, startRedis } from '../../drivers/topics/servers.ts';

export const TOPIC = 'news';
const PREFIX = 'chaos';
const HISTORY = 2000;

export interface ChaosBroker {
  readonly server: ServerProcess;
  /** Whether messages have positions, and history fills holes. */
  readonly hasHistory: boolean;
  /** A node's engine, over a port that leads to the server, and what ends its client. */
  connect(port: number): Promise<{ engine: Engine; end(): unknown }>;
  /** Drops all but the two newest messages; nothing where the server is not there or not ready. */
  trim(): Promise<void>;
}

export const BROKERS = { redis, nats: () => nats(false), jetstream: () => nats(true) };

export type BrokerName = keyof typeof BROKERS;

/** What each is run by. */
export const PROGRAMS: Readonly<Record<BrokerName, string>> = {
  redis: 'redis-server',
  nats: 'nats-server',
  jetstream: 'nats-server',
};

async function redis(): Promise<ChaosBroker> {
  const server = await startRedis();
  return {
    server,
    hasHistory: true,
    connect: async (port) => {
      const client = createClient({ socket: { host: '127.0.0.1', port } });
      return { engine: redisEngine(client, { prefix: PREFIX, history: HISTORY }), end: () => {} };
    },
    trim: async () => {
      const control = createClient({ socket: { host: '127.0.0.1', port: server.port, reconnectStrategy: false } });
      control.on('error', () => {});
      await control.connect();
      // It may be loading its data still: then there is nothing to trim.
      await control.xTrim(`${PREFIX}:{${TOPIC}}:s`, 'MAXLEN', 2).catch(() => {});
      control.destroy();
    },
  };
}

async function nats(hasHistory: boolean): Promise<ChaosBroker> {
  const server = await startNats();
  return {
    server,
    hasHistory,
    connect: async (port) => {
      const own = { maxReconnectAttempts: -1, reconnectTimeWait: 30, reconnectJitter: 20, timeout: 2000 };
      const connection = await connect({ servers: `127.0.0.1:${port}`, ...own });
      const engine = natsEngine(connection, { prefix: PREFIX, ...(hasHistory && { history: HISTORY }) });
      return { engine, end: () => connection.close() };
    },
    trim: async () => {
      if (!hasHistory) return;
      const control = await connect({ servers: `127.0.0.1:${server.port}`, timeout: 2000 });
      const purge = JSON.stringify({ filter: `${PREFIX}.in.${TOPIC}`, keep: 2 });
      await control.request(`$JS.API.STREAM.PURGE.${PREFIX}_topics`, purge, { timeout: 2000 }).catch(() => {});
      await control.close();
    },
  };
}
