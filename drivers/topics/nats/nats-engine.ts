import type {
  Engine,
  EngineContext,
  EngineMessage,
  EnginePublishOptions,
  EngineReceipt,
  EngineSink,
  TopicData,
} from '../engine.ts';
import { EngineDownError, TopicsError } from '../errors.ts';
import { decodeMessage, encodeMessage, encodeSubject, type NatsConnection, type NatsMessage } from './connection.ts';
import type { NatsSubscription } from './connection.ts';
import { NatsLink } from './nats-link.ts';

interface Channel {
  readonly subscription: NatsSubscription;
  /** Resolves once the server has it. */
  confirm(): void;
  refuse(error: unknown): void;
}

/** Core NATS: no positions and no history. What was missed in an outage is told by the outage. */
export class NatsEngine implements Engine {
  protected readonly connection: NatsConnection;
  protected readonly prefix: string;
  protected link: NatsLink | undefined;
  protected context: EngineContext | undefined;
  #sink: EngineSink | undefined;
  readonly #channels: Map<string, Channel>;

  constructor(connection: NatsConnection, prefix: string) {
    this.connection = connection;
    this.prefix = prefix;
    this.link = undefined;
    this.context = undefined;
    this.#sink = undefined;
    this.#channels = new Map();
  }

  async start(sink: EngineSink, context: EngineContext): Promise<void> {
    this.#sink = sink;
    this.context = context;
    const beats = `${this.prefix}.beat.${context.node}`;
    const up = (): void => {
      for (const { confirm } of this.#channels.values()) confirm();
      sink.up();
    };
    const told = { ...sinkOf(sink), up };
    const readiness = { prepare: () => this.prepare(), isReadyStill: () => this.isReadyStill() };
    this.link = new NatsLink(this.connection, beats, told, context, readiness);
    await this.link.start();
  }

  async publish(
    topic: string,
    data: TopicData,
    { stamp, key, compress }: EnginePublishOptions,
  ): Promise<EngineReceipt | undefined> {
    if (key !== undefined) throw new TopicsError('unsupported', 'core NATS remembers no keys');
    await this.theLink.call(() => {
      this.connection.publish(this.outSubject(topic), encodeMessage(data, stamp, compress));
      // The client drops what it was given in an outage without an error; a flush that is pending then rejects.
      return this.connection.flush();
    });
    return undefined;
  }

  async subscribe(topic: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const subscription = this.connection.subscribe(this.outSubject(topic), {
        callback: (error: Error | null, message: NatsMessage) => {
          if (error !== null) return reject(error);
          this.link?.heard();
          this.#sink?.message(this.messageOf(topic, message) as EngineMessage);
        },
      });
      this.#channels.set(topic, { subscription, confirm: resolve, refuse: reject });
      // When it is lost before that, it is confirmed with all the others when the engine is up.
      this.theLink.call(() => this.connection.flush()).then(resolve, () => {});
    });
  }

  unsubscribe(topic: string): void {
    const channel = this.#channels.get(topic);
    this.#channels.delete(topic);
    if (channel !== undefined && !this.connection.isClosed()) channel.subscription.unsubscribe();
  }

  /** The connection stays the user's. */
  async close(): Promise<void> {
    this.link?.close();
    for (const topic of [...this.#channels.keys()]) this.unsubscribe(topic);
  }

  /** Sees that there is what the engine needs, before it is told to be up. */
  protected async prepare(): Promise<void> {}

  /** Whether it is as it was when it was prepared; rejects while nobody answers. */
  protected async isReadyStill(): Promise<boolean> {
    return true;
  }

  /** Where messages come out. */
  protected outSubject(topic: string): string {
    return `${this.prefix}.out.${encodeSubject(topic)}`;
  }

  protected messageOf(topic: string, { data }: NatsMessage): EngineMessage | undefined {
    const decoded = decodeMessage(data);
    return decoded && { ...decoded, topic, epoch: '', offset: 0, previous: 0 };
  }

  protected get theLink(): NatsLink {
    if (this.link === undefined) throw new EngineDownError('the engine has not started');
    return this.link;
  }
}

function sinkOf(sink: EngineSink): EngineSink {
  return {
    message: (message) => sink.message(message),
    up: () => sink.up(),
    down: (reason) => sink.down(reason),
    beat: () => sink.beat(),
  };
}
