/** Topics over Redis or Valkey, by the user's own client. */
import type { Engine } from '../engine.ts';
import type { RedisCluster } from './cluster.ts';
import type { RedisClient } from './connection.ts';
import { RedisEngine, type RedisEngineOptions } from './redis-engine.ts';

/**
 * An engine over Redis 7 or Valkey: `client` is one of node-redis (5, 6), ioredis or iovalkey, or a cluster's of one of these, as you
 * made it. It is never used itself: each node opens two connections like it (`duplicate()`), to each master of a cluster, and drops
 * them at any trouble.
 *
 * Throws a TypeError or RangeError for what is no such client and for bad options.
 */
export function redisEngine(client: RedisClient | RedisCluster, options?: RedisEngineOptions): Engine {
  return new RedisEngine(client, options);
}

export type { IoRedisCluster, NodeRedisCluster, RedisCluster } from './cluster.ts';
export type { IoRedisClient, NodeRedisClient, RedisClient } from './connection.ts';
export type { RedisEngineOptions } from './redis-engine.ts';
