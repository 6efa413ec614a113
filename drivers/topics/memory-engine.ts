import type {
  Engine,
  EngineContext,
  EnginePublishOptions,
  EngineReceipt,
  EngineSink,
  Page,
  TopicData,
} from './engine.ts';
import { MemoryLog, type MemoryLogOptions, resolveMemoryLogOptions } from './memory-log.ts';
import { EngineDownError } from './errors.ts';
import type { Place } from './position.ts';

/** The engine for one process: everything is in its memory, and gone with it. Throws for bad options. */
export function memoryEngine(options?: MemoryLogOptions): Engine {
  return new MemoryEngine(options);
}

/** Asynchronous, as those over a network are: nothing is answered or delivered before the call has returned. */
class MemoryEngine implements Engine {
  readonly #options: Required<MemoryLogOptions>;
  #log: MemoryLog | undefined;
  #sink: EngineSink | undefined;

  constructor(options: MemoryLogOptions | undefined) {
    this.#options = resolveMemoryLogOptions(options);
    this.#log = undefined;
    this.#sink = undefined;
  }

  async start(sink: EngineSink, { clock, random }: EngineContext): Promise<void> {
    this.#log = new MemoryLog(this.#options, clock, random);
    this.#sink = sink;
    await Promise.resolve();
    sink.up();
  }

  async publish(topic: string, data: TopicData, options: EnginePublishOptions): Promise<EngineReceipt> {
    const { receipt, message } = this.#theLog.publish(topic, data, options);
    await Promise.resolve();
    if (message !== undefined && this.#theLog.isFollowed(topic)) this.#sink?.message(message);
    return receipt;
  }

  async subscribe(topic: string): Promise<void> {
    this.#theLog.follow(topic);
  }

  unsubscribe(topic: string): void {
    this.#log?.unfollow(topic);
  }

  async heads(topics: readonly string[]): Promise<Place[]> {
    return topics.map((topic) => this.#theLog.head(topic));
  }

  async history(topic: string, since: Place | undefined, limit: number): Promise<Page> {
    const page = this.#theLog.page(topic, since, limit);
    // What a hub makes of its messages is not kept.
    return { ...page, messages: page.messages.map((message) => ({ ...message })) };
  }

  async close(): Promise<void> {
    this.#log = undefined;
    this.#sink = undefined;
  }

  get #theLog(): MemoryLog {
    if (this.#log === undefined) throw new EngineDownError('the engine is not there');
    return this.#log;
  }
}
