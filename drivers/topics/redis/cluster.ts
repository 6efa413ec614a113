/** Clusters of Redis, of whichever library: what is used of their clients, by shape. */
import { whenAborted } from '../../socket/abort.ts';

/** A cluster of node-redis (`createCluster`), 5 or 6. */
export interface NodeRedisCluster {
  readonly masters: readonly unknown[];
  duplicate(overrides?: object): unknown;
  nodeClient(node: any): unknown;
}

/** A `Cluster` of ioredis or iovalkey. */
export interface IoRedisCluster {
  readonly isCluster: boolean;
  duplicate(startupNodes?: any[], options?: object): unknown;
  nodes(role?: any): readonly unknown[];
}

export type RedisCluster = NodeRedisCluster | IoRedisCluster;

interface NodeRedisDuplicate extends NodeRedisCluster {
  on(event: string, listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
}

interface IoRedisDuplicate extends IoRedisCluster {
  on(event: string, listener: () => void): unknown;
  connect(): Promise<unknown>;
  disconnect(): void;
}

export function isRedisCluster(client: object): client is RedisCluster {
  return isIoRedisCluster(client) || isNodeRedisCluster(client);
}

function isIoRedisCluster(client: object): client is IoRedisCluster {
  const { isCluster, nodes } = client as Partial<IoRedisCluster>;
  return isCluster === true && typeof nodes === 'function';
}

function isNodeRedisCluster(client: object): client is NodeRedisCluster {
  return typeof (client as Partial<NodeRedisCluster>).nodeClient === 'function';
}

/** Asks the cluster for its masters, and calls `use` with a client like each; what it was asked with is ended then, or by the signal. */
export async function withMasters<Client, T>(
  cluster: RedisCluster,
  signal: AbortSignal,
  use: (masters: readonly Client[]) => Promise<T>,
): Promise<T> {
  if (isIoRedisCluster(cluster)) {
    const own = cluster.duplicate([], {
      lazyConnect: true,
      clusterRetryStrategy: () => null,
      enableOfflineQueue: false,
      shardedSubscribers: false,
    }) as IoRedisDuplicate;
    own.on('error', () => {});
    const end = (): void => own.disconnect();
    whenAborted(signal, end);
    try {
      await own.connect();
      return await use(own.nodes('master') as Client[]);
    } finally {
      end();
    }
  }
  const own = cluster.duplicate({ minimizeConnections: true }) as NodeRedisDuplicate;
  own.on('error', () => {});
  own.on('node-error', () => {});
  const end = (): void => {
    try {
      own.destroy();
    } catch {
      // It was not open any more.
    }
  };
  whenAborted(signal, end);
  try {
    await own.connect();
    return await use((await Promise.all(own.masters.map((master) => own.nodeClient(master)))) as Client[]);
  } finally {
    end();
  }
}
