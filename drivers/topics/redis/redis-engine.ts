import {
  always,
  BOOLEAN,
  checkOptions,
  LIMIT,
  type OptionTable,
  resolveLimit,
  STRING,
} from '../../../protocol/internal.ts';
import { Channels } from '../channels.ts';
import type {
  Engine,
  EngineContext,
  EngineMessage,
  EnginePublishOptions,
  EngineReceipt,
  EngineSink,
  Hole,
  Page,
  TopicData,
} from '../engine.ts';
import { EngineDownError, OutcomeUnknownError, TopicsError } from '../errors.ts';
import type { Place } from '../position.ts';
import { Supervisor } from '../supervisor.ts';
import { isRedisCluster, type RedisCluster } from './cluster.ts';
import { checkRedisClient, namespaceOf, type RedisArgument, type RedisClient } from './connection.ts';
import { hasMoved, RedisLink } from './link.ts';
import { HEADS, HISTORY, PUBLISH } from './scripts.ts';
import { textAt } from './slots.ts';
import { decodeTopic, encodeTopic, flagsOf, parsePayload, parsePlace, parseReceipt } from './wire.ts';

export interface RedisEngineOptions {
  /** What all keys and channels begin with. Default `'topics'`. */
  prefix?: string | undefined;
  /** Messages of a topic that are kept. Default 1,000; `false` or 0: none. */
  history?: number | false | undefined;
  /** Milliseconds after its last message that a topic's history goes. Default 5 min. */
  ttl?: number | undefined;
  /** Sharded pub/sub (Redis 7): SPUBLISH and SSUBSCRIBE. Default: with a cluster, which can't do without. */
  sharded?: boolean | undefined;
}

const OPTIONS: OptionTable<RedisEngineOptions> = {
  prefix: always(STRING),
  history: LIMIT,
  ttl: LIMIT,
  sharded: BOOLEAN,
};

/** How long a topic's place is remembered after its last message, and the key of a publish, in milliseconds. */
const META_TTL = 7 * 24 * 3600 * 1000;
const KEY_TTL = 120_000;
/** The most bytes of a page; a single message may be larger. */
const PAGE_BYTES = 1024 * 1024;
/** What stands in the name of a heartbeat's channel. */
const BEAT = 'beat';
/** What a server answers that is about to be there. */
const STARTING = /^-?LOADING /;
/** Milliseconds until it is asked again whether it is. */
const ASK_AGAIN = 25;
/** Answers that say the server can't work. */
const UNABLE = /^-?(READONLY|LOADING|MASTERDOWN|UNBLOCKED|BUSY) /;
/** Answers that say that the user may not do it: there is no use in a hub that goes on without. */
const FORBIDDEN = /^-?(NOPERM |ERR ACL failure |ERR The user executing the script can.t )/;
/** A topic of each node's own that the scripts are tried on, and how long what is left of it is kept, in milliseconds. */
const TRIAL = 'trial';
const TRIAL_TTL = '1000';

export class RedisEngine implements Engine {
  readonly #client: RedisClient | RedisCluster;
  /** What keys begin with, and channels: one pub/sub is over all databases of a server. */
  readonly #prefix: string;
  readonly #channelPrefix: string;
  readonly #history: number;
  readonly #ttl: number;
  readonly #isSharded: boolean;
  readonly #channels: Channels<RedisLink>;
  #supervisor: Supervisor<RedisLink> | undefined;
  #sink: EngineSink | undefined;
  #context: EngineContext | undefined;

  constructor(client: RedisClient | RedisCluster, given: RedisEngineOptions | undefined) {
    checkRedisClient(client);
    const isCluster = isRedisCluster(client);
    const { prefix = 'topics', history, ttl, sharded = isCluster } = checkOptions('redisEngine', OPTIONS, given);
    if (isCluster && !sharded) throw new TypeError('a cluster takes sharded pub/sub alone');
    const { keyPrefix, database } = namespaceOf(client);
    if (/[{}]/.test(keyPrefix + prefix))
      throw new TypeError('prefix must be a string without braces, and the client’s keyPrefix');
    this.#client = client;
    this.#prefix = keyPrefix + prefix;
    this.#channelPrefix = database === 0 ? this.#prefix : `${this.#prefix}@${database}`;
    this.#history = history === false || history === 0 ? 0 : resolveLimit('history', history, 1000);
    this.#ttl = Math.min(resolveLimit('ttl', ttl, 300_000), META_TTL);
    this.#isSharded = sharded;
    this.#channels = new Channels(() => this.#supervisor!, isAnswer);
    this.#supervisor = undefined;
    this.#sink = undefined;
    this.#context = undefined;
  }

  async start(sink: EngineSink, context: EngineContext): Promise<void> {
    this.#sink = sink;
    this.#context = context;
    this.#supervisor = new Supervisor<RedisLink>({
      ...context,
      random: () => context.random(),
      dial: (lost, signal) => this.#dial(lost, signal),
      isStarting: (reason) => STARTING.test(reason.message),
      end: (link) => link.end(),
      sendBeat: (link) => link.sendBeat(),
      up: () => {
        this.#channels.up();
        sink.up();
      },
      down: (reason) => sink.down(reason),
    });
    await this.#supervisor.start();
  }

  async publish(topic: string, data: TopicData, options: EnginePublishOptions): Promise<EngineReceipt> {
    const { stamp, key, compress, isKept = true } = options;
    const base = this.#base(topic);
    const keys = [`${base}:m`, `${base}:s`, ...(key === undefined ? [] : [`${base}:k:${key}`])];
    const flags = flagsOf(data, compress);
    const history = !isKept ? 0 : Number.isFinite(this.#history) ? this.#history : 2 ** 52;
    const numbers = [history, this.#ttl, META_TTL, KEY_TTL].map(String);
    const rest = [this.#newEpoch(), ...numbers, this.#channelOf(topic), this.#isSharded ? 'SPUBLISH' : 'PUBLISH'];
    return parseReceipt(textAt(await this.#script(PUBLISH, keys, [flags, stamp, data, ...rest])));
  }

  async subscribe(topic: string): Promise<void> {
    try {
      await this.#channels.add(topic);
    } catch (error) {
      throw refused(error as Error);
    }
  }

  unsubscribe(topic: string): void {
    this.#channels.delete(topic);
  }

  async heads(topics: readonly string[]): Promise<Place[]> {
    const { link } = this.#theSupervisor;
    if (link === undefined) throw new EngineDownError('the engine is down');
    const keys = topics.map((topic) => `${this.#base(topic)}:m`);
    const places: Place[] = [];
    const ask = async (group: readonly number[]): Promise<void> => {
      const some = group.map((at) => keys[at]);
      const heads = (await this.#script(HEADS, some, [this.#newEpoch(), String(META_TTL)])) as unknown[];
      group.forEach((at, i) => (places[at] = parsePlace(textAt(heads[i]))));
    };
    await Promise.all(link.groupsOf(keys).map(ask));
    return places;
  }

  async history(topic: string, since: Place | undefined, limit: number): Promise<Page> {
    const base = this.#base(topic);
    const place = since === undefined ? [] : [since.epoch, String(since.offset), since.stamp];
    const args = [String(limit), String(PAGE_BYTES), this.#newEpoch(), String(META_TTL), ...place];
    const reply = await this.#script(HISTORY, [`${base}:m`, `${base}:s`], args);
    const [head, hole, more, payloads] = reply as [Uint8Array, Uint8Array, Uint8Array, Uint8Array[]];
    const messages = payloads.map((payload) => parsePayload(topic, payload)).filter((one) => one !== undefined);
    const position = parsePlace(textAt(head));
    return { messages, hole: (textAt(hole) as Hole) || undefined, more: textAt(more) === '1', position };
  }

  async close(): Promise<void> {
    this.#supervisor?.close();
  }

  async #dial(lost: (reason: Error) => void, signal: AbortSignal): Promise<RedisLink> {
    const beat = `${this.#channelPrefix}:${BEAT}:${this.#context!.node}`;
    const options = { isSharded: this.#isSharded, beat, channelOf: (topic: string) => this.#channelOf(topic) };
    const listener = {
      lost,
      heard: () => this.#supervisor?.heard(),
      message: (channel: string, payload: Uint8Array) => this.#receive(channel, payload),
    };
    const link = await RedisLink.open(this.#client, options, listener, signal);
    try {
      await Promise.all([this.#channels.subscribeAll(link), this.#loadScripts(link, signal)]);
      return link;
    } catch (error) {
      link.end();
      throw error;
    }
  }

  /** A server that loads its data takes subscriptions meanwhile, and scripts when it is done. */
  async #loadScripts(link: RedisLink, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context!;
    for (;;) {
      try {
        await link.loadScripts();
        return await this.#tryScripts(link);
      } catch (error) {
        if (!STARTING.test((error as Error).message) || signal.aborted) throw error;
      }
      this.#supervisor!.heard();
      await new Promise<void>((resolve) => clock.wakeAt(clock.now() + ASK_AGAIN, resolve));
    }
  }

  /**
   * What the scripts do the user must be allowed to, and the server be able to, as a replica is not: else publishes would fail one by one,
   * and subscriptions wait for good.
   */
  async #tryScripts(link: RedisLink): Promise<void> {
    const name = `${TRIAL}:${this.#context!.node}`;
    const keys = ['m', 's', 'k'].map((kind) => `${this.#prefix}:{${name}}:${kind}`);
    const ttls = [TRIAL_TTL, TRIAL_TTL, TRIAL_TTL];
    const how = [`${this.#channelPrefix}:{${name}}`, this.#isSharded ? 'SPUBLISH' : 'PUBLISH'];
    const epoch = this.#newEpoch();
    try {
      await link.run(PUBLISH, keys, ['tp', epoch, '', epoch, '1', ...ttls, ...how]);
      await link.run(HISTORY, keys.slice(0, 2), ['1', '1', epoch, TRIAL_TTL]);
      await link.run(HEADS, keys.slice(0, 1), [epoch, TRIAL_TTL]);
    } catch (error) {
      if (!isAnswer(error) || FORBIDDEN.test(error.message) || UNABLE.test(error.message)) throw error;
    }
  }

  #receive(channel: string, payload: Uint8Array): void {
    const name = channel.slice(this.#channelPrefix.length + 1);
    if (name.startsWith(`${BEAT}:`)) return this.#sink?.beat();
    this.#sink?.message(parsePayload(decodeTopic(name.slice(1, -1)), payload) as EngineMessage);
  }

  /** Runs a script on keys of one topic, or of several that one server has. */
  async #script(script: string, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    const supervisor = this.#theSupervisor;
    try {
      return await supervisor.call((link) => link.run(script, keys, args));
    } catch (error) {
      // Whatever is no answer goes wrong with the connection.
      if (!isAnswer(error) || UNABLE.test(error.message) || hasMoved(error)) supervisor.lose(error as Error);
      if (isAnswer(error)) throw refused(error);
      if (error instanceof TopicsError) throw error;
      throw new OutcomeUnknownError('the connection failed before it answered', { cause: error });
    }
  }

  get #theSupervisor(): Supervisor<RedisLink> {
    if (this.#supervisor === undefined) throw new EngineDownError('the engine has not started');
    return this.#supervisor;
  }

  #base(topic: string): string {
    return `${this.#prefix}:{${encodeTopic(topic)}}`;
  }

  #channelOf(topic: string): string {
    return `${this.#channelPrefix}:{${encodeTopic(topic)}}`;
  }

  #newEpoch(): string {
    return Math.floor(this.#context!.random() * 36 ** 8)
      .toString(36)
      .padStart(8, '0');
  }
}

/** What the server has answered, as an error of the hub's. */
function refused(cause: Error): EngineDownError {
  return new EngineDownError(`the engine refused: ${cause.message}`, { cause });
}

/** Whether an error is what the server has answered: those begin with a word in capitals. */
function isAnswer(error: unknown): error is Error {
  return error instanceof Error && /^-?[A-Z][A-Z]+ /.test(error.message);
}
