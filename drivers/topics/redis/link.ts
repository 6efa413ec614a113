import type { ChannelLink } from '../channels.ts';
import { isRedisCluster, type RedisCluster, withMasters } from './cluster.ts';
import { connectLike, type RedisArgument, type RedisClient, type RedisConnection } from './connection.ts';
import { SCRIPTS } from './scripts.ts';
import { bySlot, parseSlots, type SlotRange, SLOTS, slotOf, textAt } from './slots.ts';

/** Who is told what comes over a link. */
export interface LinkListener {
  message(channel: string, payload: Uint8Array): void;
  /** Something has come from every server of it since this was called last. */
  heard(): void;
  lost(reason: Error): void;
}

export interface LinkOptions {
  readonly isSharded: boolean;
  /** What the names of heartbeats' channels begin with. */
  readonly beat: string;
  channelOf(topic: string): string;
}

/** The two connections to a server: one for commands, one that is subscribed. */
interface Shard {
  readonly commands: RedisConnection;
  readonly subscriber: RedisConnection;
  /** A channel that is this server's to publish to. */
  beat: string;
}

/** What a server answers when a slot is another's, or nobody's: what the link knows of the cluster is no longer so. */
const MOVED = /^-?(MOVED|CLUSTERDOWN) /;

/** A node's connections to a server, or to the masters of a cluster. */
export class RedisLink implements ChannelLink {
  readonly #shards: readonly Shard[];
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  /** The scripts' digests. */
  readonly #digests: Map<string, string>;
  /** Which server has a slot; undefined where one has them all. */
  #owners: Int16Array | undefined;
  #ranges: string;
  #heard: Set<number>;
  /** The server that is asked next whether the slots are as they were. */
  #asked: number;

  private constructor(shards: readonly Shard[], options: LinkOptions, listener: LinkListener) {
    this.#shards = shards;
    this.#options = options;
    this.#listener = listener;
    this.#digests = new Map();
    this.#owners = undefined;
    this.#ranges = '';
    this.#heard = new Set();
    this.#asked = 0;
  }

  /**
   * Connects to everything, and hears its own heartbeats; it runs scripts after `loadScripts`. Rejects, with nothing left open, when
   * any of it fails, or the signal fires.
   */
  static open(
    client: RedisClient | RedisCluster,
    options: LinkOptions,
    listener: LinkListener,
    signal: AbortSignal,
  ): Promise<RedisLink> {
    if (!isRedisCluster(client)) return RedisLink.#open([client], false, options, listener, signal);
    return withMasters(client, signal, (masters: readonly RedisClient[]) =>
      RedisLink.#open(masters, true, options, listener, signal),
    );
  }

  static async #open(
    clients: readonly RedisClient[],
    isCluster: boolean,
    options: LinkOptions,
    listener: LinkListener,
    signal: AbortSignal,
  ): Promise<RedisLink> {
    let link: RedisLink | undefined;
    const told = clients.map((_client, i) => ({
      lost: listener.lost,
      message: (channel: string, payload: Uint8Array) => {
        if (link !== undefined) link.#hear(i);
        listener.message(channel, payload);
      },
    }));
    const opening = clients.flatMap((client, i) => [1, 2].map(() => connectLike(client, told[i], signal)));
    const connections = await allOrNone(opening);
    const shards = clients.map((_client, i) => {
      return { commands: connections[2 * i], subscriber: connections[2 * i + 1], beat: options.beat };
    });
    link = new RedisLink(shards, options, listener);
    try {
      if (isCluster) await link.#learnSlots(options.beat);
      await Promise.all(shards.map(({ subscriber, beat }) => subscriber.subscribe([beat], options.isSharded)));
      return link;
    } catch (error) {
      link.end();
      throw error;
    }
  }

  end(): void {
    for (const { commands, subscriber } of this.#shards) {
      commands.end();
      subscriber.end();
    }
  }

  async loadScripts(): Promise<void> {
    const load = async ({ commands }: Shard, script: string): Promise<void> => {
      this.#digests.set(script, textAt(await commands.call(['SCRIPT', 'LOAD', script])));
    };
    await Promise.all(this.#shards.flatMap((shard) => SCRIPTS.map((script) => load(shard, script))));
  }

  /** Runs a script on keys of one slot, by its digest where that is known. */
  async run(script: string, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    const { commands } = this.#shardOf(keys[0]);
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await commands.call(['EVALSHA', this.#digests.get(script)!, ...rest]);
    } catch (error) {
      if (!/^NOSCRIPT/.test((error as Error).message)) throw error;
      return commands.call(['EVAL', script, ...rest]);
    }
  }

  /** The places of keys that a command may name together. */
  groupsOf(keys: readonly string[]): number[][] {
    return this.#owners === undefined ? [keys.map((_key, at) => at)] : bySlot(keys);
  }

  subscribe(topics: readonly string[]): Promise<void> {
    return this.#each(topics, (subscriber, some) => subscriber.subscribe(some, this.#options.isSharded));
  }

  unsubscribe(topics: readonly string[]): Promise<void> {
    return this.#each(topics, (subscriber, some) => subscriber.unsubscribe(some, this.#options.isSharded));
  }

  /** Sends a heartbeat to every server. Rejects when the cluster's slots are no longer as they were. */
  async sendBeat(): Promise<void> {
    const command = this.#options.isSharded ? 'SPUBLISH' : 'PUBLISH';
    const beats = this.#shards.map(({ commands, beat }) => commands.call([command, beat, '']));
    await Promise.all([...beats, this.#checkSlots()]);
  }

  /** Something has come from a server. */
  #hear(shard: number): void {
    this.#heard.add(shard);
    if (this.#heard.size < this.#shards.length) return;
    this.#heard.clear();
    this.#listener.heard();
  }

  /** Asks which server has which slots, and finds each a channel for its heartbeats. */
  async #learnSlots(beat: string): Promise<void> {
    const ids = await Promise.all(this.#shards.map(async ({ commands }) => commands.call(['CLUSTER', 'MYID'])));
    const ranges = parseSlots(await this.#shards[0].commands.call(['CLUSTER', 'SLOTS']));
    const owners = ownersOf(
      ranges,
      ids.map((id) => textAt(id)),
    );
    this.#owners = owners;
    this.#ranges = JSON.stringify(ranges);
    this.#shards.forEach((shard, i) => {
      let tries = 0;
      do shard.beat = `${beat}:${tries++}`;
      while (owners[slotOf(shard.beat)] !== i);
    });
  }

  async #checkSlots(): Promise<void> {
    if (this.#owners === undefined) return;
    this.#asked = (this.#asked + 1) % this.#shards.length;
    const ranges = parseSlots(await this.#shards[this.#asked].commands.call(['CLUSTER', 'SLOTS']));
    if (JSON.stringify(ranges) !== this.#ranges) throw new Error('slots of the cluster have moved');
  }

  #shardOf(key: string): Shard {
    return this.#shards[this.#owners === undefined ? 0 : this.#owners[slotOf(key)]];
  }

  async #each(
    topics: readonly string[],
    work: (subscriber: RedisConnection, channels: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const channels = topics.map((topic) => this.#options.channelOf(topic));
    if (this.#owners === undefined) return work(this.#shards[0].subscriber, channels);
    const groups = bySlot(channels).map((places) => places.map((at) => channels[at]));
    try {
      await Promise.all(groups.map((some) => work(this.#shardOf(some[0]).subscriber, some)));
    } catch (cause) {
      if (!hasMoved(cause)) throw cause;
      const error = new Error('slots of the cluster have moved', { cause });
      this.#listener.lost(error);
      throw error;
    }
  }
}

/** Whether a server has answered that a slot is another's. */
export function hasMoved(error: unknown): boolean {
  return error instanceof Error && MOVED.test(error.message);
}

/** Throws an error when a slot is nobody's, or that of a server that there is no connection to. */
function ownersOf(ranges: readonly SlotRange[], ids: readonly string[]): Int16Array {
  const owners = new Int16Array(SLOTS).fill(-1);
  for (const { from, to, id } of ranges) owners.fill(ids.indexOf(id), from, to + 1);
  if (owners.includes(-1)) throw new Error('the cluster does not serve all slots, or is about to change');
  for (const i of ids.keys()) if (!owners.includes(i)) throw new Error('a server of the cluster has no slots');
  return owners;
}

/** All of them, or none: when one fails, the others are ended. */
async function allOrNone(opening: readonly Promise<RedisConnection>[]): Promise<RedisConnection[]> {
  try {
    return await Promise.all(opening);
  } catch (error) {
    for (const one of opening) one.then((connection) => connection.end()).catch(() => {});
    throw error;
  }
}
