/** Connections to Redis, of whichever library: what is used of them, by shape. */
import { whenAborted } from '../../socket/abort.ts';
import { isRedisCluster, type RedisCluster } from './cluster.ts';

export type RedisArgument = string | Uint8Array;

/** A connection that does commands, or that is subscribed. */
export interface RedisConnection {
  /** Replies have their strings as bytes. */
  call(args: readonly RedisArgument[]): Promise<unknown>;
  subscribe(channels: readonly string[], isSharded: boolean): Promise<void>;
  unsubscribe(channels: readonly string[], isSharded: boolean): Promise<void>;
  end(): void;
}

/** Who is told what comes over a connection. */
export interface RedisListener {
  message(channel: string, payload: Uint8Array): void;
  lost(reason: Error): void;
}

/** A client of node-redis (`redis`, `@redis/client`), 5 or 6. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  readonly options?: { readonly socket?: object; readonly database?: number | undefined } | undefined;
  duplicate(overrides?: object): unknown;
  sendCommand(args: any, options?: any): Promise<unknown>;
}

/** A client of ioredis or iovalkey. */
export interface IoRedisClient {
  readonly options?:
    | { readonly sentinels?: readonly object[] | null | undefined; readonly connectTimeout?: number | undefined }
    | undefined;
  duplicate(overrides?: object): unknown;
  callBuffer(command: string, ...args: any[]): Promise<unknown>;
}

export type RedisClient = NodeRedisClient | IoRedisClient;

/** Milliseconds that a sentinel is waited for. */
const SENTINEL_TIMEOUT = 1000;

type Listen = (event: string, listener: (...args: any[]) => void) => unknown;

interface NodeRedisDuplicate {
  on: Listen;
  connect(): Promise<unknown>;
  sendCommand(args: readonly RedisArgument[], options: object): Promise<unknown>;
  subscribe(channels: readonly string[], listener: (...args: Uint8Array[]) => void, isBytes: true): Promise<void>;
  sSubscribe(channels: readonly string[], listener: (...args: Uint8Array[]) => void, isBytes: true): Promise<void>;
  unsubscribe(channels: readonly string[]): Promise<void>;
  sUnsubscribe(channels: readonly string[]): Promise<void>;
  destroy(): void;
}

interface IoRedisDuplicate {
  on: Listen;
  connect(): Promise<unknown>;
  callBuffer(command: string, ...args: readonly RedisArgument[]): Promise<unknown>;
  subscribe(...channels: readonly string[]): Promise<unknown>;
  ssubscribe(...channels: readonly string[]): Promise<unknown>;
  unsubscribe(...channels: readonly string[]): Promise<unknown>;
  sunsubscribe(...channels: readonly string[]): Promise<unknown>;
  disconnect(): void;
}

/** Both libraries run on Node, and take bytes as its Buffers. */
interface WithBuffer {
  Buffer: { from(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array };
}

/**
 * Opens a connection like the client's, and ends it when the signal fires: a server that is silent answers nothing, for as long as it
 * likes. Throws a TypeError for what is no client of Redis.
 */
export function connectLike(
  client: RedisClient,
  listener: RedisListener,
  signal: AbortSignal,
): Promise<RedisConnection> {
  if (isIoRedis(client)) return connectIoRedis(client, listener, signal);
  if (isNodeRedis(client)) return connectNodeRedis(client, listener, signal);
  throw new TypeError('expected a client of node-redis, ioredis or iovalkey');
}

/** What a client puts before keys, and the number of its database: 0 where it says none. */
export function namespaceOf(client: object): { readonly keyPrefix: string; readonly database: number } {
  const { keyPrefix, redisOptions, db, database } = (client as { options?: Names }).options ?? {};
  return { keyPrefix: String(keyPrefix ?? redisOptions?.keyPrefix ?? ''), database: Number(database ?? db ?? 0) };
}

/** Of node-redis or ioredis. */
interface Names {
  readonly keyPrefix?: unknown;
  readonly redisOptions?: { readonly keyPrefix?: unknown };
  readonly db?: unknown;
  readonly database?: unknown;
}

/** Throws a TypeError for what is neither a client nor a cluster's. */
export function checkRedisClient(client: RedisClient | RedisCluster): void {
  if (typeof client === 'object' && client !== null) {
    if (isRedisCluster(client) || isIoRedis(client)) return;
    // It connects again by itself, and sends again what was not answered.
    if (typeof (client as { acquire?: unknown }).acquire === 'function')
      throw new TypeError('a Sentinel of node-redis can’t be used: take ioredis or iovalkey, with `sentinels`');
    if (isNodeRedis(client)) return;
  }
  throw new TypeError('expected a client of node-redis, ioredis or iovalkey');
}

function isIoRedis(client: object): client is IoRedisClient {
  const { duplicate, callBuffer } = client as Partial<IoRedisClient>;
  return typeof duplicate === 'function' && typeof callBuffer === 'function';
}

function isNodeRedis(client: object): client is NodeRedisClient {
  const { duplicate, sendCommand, isReady } = client as Partial<NodeRedisClient>;
  return typeof duplicate === 'function' && typeof sendCommand === 'function' && typeof isReady === 'boolean';
}

async function connectNodeRedis(
  client: NodeRedisClient,
  listener: RedisListener,
  signal: AbortSignal,
): Promise<RedisConnection> {
  // No reconnecting and no queue of the library's: a connection that had trouble is thrown away.
  const socket = { ...client.options?.socket, reconnectStrategy: false };
  const own = { socket, disableOfflineQueue: true, pingInterval: 0, commandsQueueMaxLength: undefined };
  const connection = client.duplicate(own) as NodeRedisDuplicate;
  const end = (): void => {
    try {
      connection.destroy();
    } catch {
      // It was not open any more.
    }
  };
  connection.on('error', (error: Error) => listener.lost(error));
  connection.on('end', () => listener.lost(new Error('the connection has ended')));
  connection.on('reconnecting', () => listener.lost(new Error('the connection was lost')));
  connection.on('sharded-channel-moved', () => listener.lost(new Error('slots of the cluster have moved')));
  await opened(connection, signal, end);
  const { Buffer } = globalThis as unknown as WithBuffer;
  // RESP's sign of a string is `$`, of a simple one `+`: both come as bytes.
  // Time limits are set by who waits; the library's own cost a timer and a signal a command.
  const options = { typeMapping: { 36: Buffer, 43: Buffer }, timeout: undefined };
  const told = (payload: Uint8Array, channel: Uint8Array): void => listener.message(String(channel), payload);
  return {
    call: (args) => connection.sendCommand(args.map(asBuffer), options),
    subscribe: (channels, isSharded) =>
      isSharded ? connection.sSubscribe(channels, told, true) : connection.subscribe(channels, told, true),
    unsubscribe: (channels, isSharded) =>
      isSharded ? connection.sUnsubscribe(channels) : connection.unsubscribe(channels),
    end,
  };
}

async function connectIoRedis(
  client: IoRedisClient,
  listener: RedisListener,
  signal: AbortSignal,
): Promise<RedisConnection> {
  const connection = client.duplicate({
    ...(client.options?.sentinels && sentinelTimes(client.options.connectTimeout)),
    lazyConnect: true,
    sentinelRetryStrategy: () => null,
    retryStrategy: () => null,
    reconnectOnError: null,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Keys and channels are named by the engine: the prefix is not put before what a script publishes to.
    keyPrefix: '',
    enableAutoPipelining: false,
    commandTimeout: undefined,
    // It waits for as long as a server that loads its data guesses: we ask again soon.
    enableReadyCheck: false,
  }) as IoRedisDuplicate;
  let isOver = false;
  connection.on('error', (error: Error) => listener.lost(error));
  connection.on('close', () => {
    isOver = true;
    listener.lost(new Error('the connection was closed'));
  });
  connection.on('end', () => listener.lost(new Error('the connection has ended')));
  connection.on('moved', () => listener.lost(new Error('slots of the cluster have moved')));
  const told = (channel: Uint8Array, payload: Uint8Array): void => listener.message(String(channel), payload);
  connection.on('messageBuffer', told);
  connection.on('smessageBuffer', told);
  const end = (): void => {
    // Asked to end what has ended, or twice, it waits two seconds for a word of the socket's: the process lives on for as long.
    if (isOver) return;
    isOver = true;
    connection.disconnect();
  };
  await opened(connection, signal, end);
  return {
    call: ([command, ...args]) => connection.callBuffer(command as string, ...args.map(asBuffer)),
    subscribe: async (channels, isSharded) => {
      await (isSharded ? connection.ssubscribe(...channels) : connection.subscribe(...channels));
    },
    unsubscribe: async (channels, isSharded) => {
      await (isSharded ? connection.sunsubscribe(...channels) : connection.unsubscribe(...channels));
    },
    end,
  };
}

/** Connects; what is open is ended where that fails, and when the signal fires, then or later. */
async function opened(
  connection: { connect(): Promise<unknown> },
  signal: AbortSignal,
  end: () => void,
): Promise<void> {
  whenAborted(signal, end);
  try {
    await connection.connect();
    signal.throwIfAborted();
  } catch (error) {
    end();
    throw error;
  }
}

/** A sentinel that is dead, or silent, is not waited for until nobody waits for the connection: the next one may know. */
function sentinelTimes(connectTimeout = Infinity): object {
  return { connectTimeout: Math.min(connectTimeout, SENTINEL_TIMEOUT), sentinelCommandTimeout: SENTINEL_TIMEOUT };
}

function asBuffer(argument: RedisArgument): RedisArgument {
  if (typeof argument === 'string') return argument;
  const { buffer, byteOffset, length } = argument;
  return (globalThis as unknown as WithBuffer).Buffer.from(buffer, byteOffset, length);
}
