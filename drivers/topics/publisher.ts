import { type Clock, wakeAtDeadline } from '../clock.ts';
import type { Engine, EngineMessage, EnginePublishOptions, EngineReceipt, TopicData } from './engine.ts';
import { type EngineLink, isMessage } from './engine-link.ts';
import { OutcomeUnknownError, TopicsError } from './errors.ts';
import type { HubMachine } from './hub/machine.ts';
import type { Member } from './hub/line.ts';
import { sizeOf } from './names.ts';
import type { ResolvedLimits } from './options.ts';
import type { Outlet } from './outlets/outlet.ts';

/** A message on its way to the engine. */
export interface Publication extends EnginePublishOptions {
  readonly topic: string;
  readonly data: TopicData;
}

/** Puts messages to the engine, and takes them in for this node's subscribers as soon as it has answered. */
export class Publisher {
  readonly #engine: Engine;
  readonly #link: EngineLink;
  readonly #machine: HubMachine<Outlet>;
  readonly #clock: Clock;
  readonly #limits: ResolvedLimits;
  readonly #onError: (error: unknown) => void;
  /** Of the messages that are under way. */
  #bytes: number;

  constructor(
    engine: Engine,
    link: EngineLink,
    machine: HubMachine<Outlet>,
    clock: Clock,
    limits: ResolvedLimits,
    onError: (error: unknown) => void,
  ) {
    this.#engine = engine;
    this.#link = link;
    this.#machine = machine;
    this.#clock = clock;
    this.#limits = limits;
    this.#bytes = 0;
    this.#onError = onError;
  }

  /** Rejects as the hub's `publish` does. */
  async publish(
    { topic, data, ...options }: Publication,
    except: Member<Outlet> | undefined,
    timeout: number,
  ): Promise<{ receipt: EngineReceipt | undefined; delivered: number }> {
    const { own, isUp } = this.#machine;
    const { stamp, compress } = options;
    if (!isUp) throw this.#link.downError;
    const { publishes, bytes } = this.#limits;
    const size = sizeOf(data);
    if (own.open >= publishes) throw new TopicsError('limit', `${publishes} publishes are under way`);
    // A single one may be larger.
    if (this.#bytes > 0 && this.#bytes + size > bytes) throw new TopicsError('limit', `${bytes} bytes are under way`);
    own.begin(stamp, except);
    this.#bytes += size;
    try {
      const receipt = await this.#within(timeout, this.#put(topic, data, options));
      if (receipt !== undefined && receipt.repeated !== true) this.#take({ topic, data, compress }, receipt);
      return { receipt, delivered: own.end(stamp) };
    } finally {
      this.#bytes -= size;
      own.end(stamp);
    }
  }

  /** Whatever else an engine of somebody's own rejects with, or throws, nobody knows what became of the message. */
  async #put(topic: string, data: TopicData, options: EnginePublishOptions): Promise<EngineReceipt | undefined> {
    try {
      return await this.#engine.publish(topic, data, options);
    } catch (cause) {
      throw cause instanceof TopicsError ? cause : new OutcomeUnknownError('the engine failed', { cause });
    }
  }

  /** The engine's answer, if it comes in time. */
  #within(timeout: number, answer: Promise<EngineReceipt | undefined>): Promise<EngineReceipt | undefined> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new OutcomeUnknownError(`the engine did not answer within ${timeout} ms`));
      const wake = wakeAtDeadline(this.#clock, this.#clock.now() + timeout, late);
      answer.then(resolve, reject).finally(() => wake.cancel());
    });
  }

  /** A message that the engine has, before it comes. */
  #take(what: { topic: string; data: TopicData; compress: boolean }, receipt: EngineReceipt): void {
    const { epoch, offset, stamp, previous, after } = receipt;
    if (previous === undefined) return;
    const message: EngineMessage = { ...what, epoch, offset, stamp, previous, after };
    if (!isMessage(message, true)) return;
    try {
      this.#machine.published(message);
    } catch (error) {
      this.#onError(error);
    }
  }
}
