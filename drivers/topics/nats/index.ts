/** Topics over NATS, by the user's own connection. */
import {
  always,
  checkOptions,
  LIMIT,
  NUMBER,
  oneOf,
  type OptionTable,
  resolveLimit,
  STRING,
} from '../../../protocol/internal.ts';
import type { Engine } from '../engine.ts';
import { isNatsConnection, type NatsConnection } from './connection.ts';
import { JetStreamEngine } from './jetstream-engine.ts';
import { NatsEngine } from './nats-engine.ts';

export interface NatsEngineOptions {
  /** What all subjects begin with: letters, digits, `_` and `-`. Default `'topics'`. */
  prefix?: string | undefined;
  /** Messages of a topic that JetStream keeps. Default: none, and no JetStream: core NATS. */
  history?: number | false | undefined;
  /** Milliseconds that a message is kept. Default 5 min. */
  ttl?: number | undefined;
  /** Copies of the stream in a cluster. Default 1. */
  replicas?: number | undefined;
  /** Where the stream keeps its messages. Default `'file'`. */
  storage?: 'file' | 'memory' | undefined;
}

const OPTIONS: OptionTable<NatsEngineOptions> = {
  prefix: always(STRING),
  history: LIMIT,
  ttl: LIMIT,
  replicas: always(NUMBER),
  storage: oneOf('file', 'memory'),
};

/** JetStream has no more. */
const MOST_REPLICAS = 5;

/**
 * An engine over NATS: `connection` is one of `@nats-io/transport-node` (3), as you made it; it stays yours to close. Give it
 * `maxReconnectAttempts: -1`: by default its client gives up for good after 20 s. With `history` it uses JetStream (NATS 2.9).
 *
 * Throws a TypeError or RangeError for what is no such connection and for bad options.
 */
export function natsEngine(connection: NatsConnection, options?: NatsEngineOptions): Engine {
  if (!isNatsConnection(connection)) throw new TypeError('expected a connection of @nats-io/transport-node');
  const given = checkOptions('natsEngine', OPTIONS, options);
  const { prefix = 'topics', history, ttl, replicas = 1, storage = 'file' } = given;
  if (!/^[\w-]+$/.test(prefix)) throw new TypeError('prefix must be of letters, digits, _ and -');
  if (!Number.isInteger(replicas)) throw new TypeError('replicas must be a whole number');
  if (replicas < 1 || replicas > MOST_REPLICAS) throw new RangeError(`replicas must be 1 to ${MOST_REPLICAS}`);
  if (history === undefined || history === false || history === 0) return new NatsEngine(connection, prefix);
  return new JetStreamEngine(connection, prefix, {
    history: resolveLimit('history', history, 1000),
    ttl: resolveLimit('ttl', ttl, 300_000),
    replicas,
    storage,
  });
}

export type { NatsConnection, NatsMessage, NatsSubscription } from './connection.ts';
