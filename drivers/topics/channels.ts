import type { Supervisor } from './supervisor.ts';

/** What a link can do about topics. */
export interface ChannelLink {
  subscribe(topics: readonly string[]): Promise<void>;
  unsubscribe(topics: readonly string[]): Promise<void>;
}

/** Topics in one command. */
const BATCH = 500;
/** Commands that a fresh link is given at once: what has a million topics is not to stand still for all of them. */
const MOST_COMMANDS = 20;

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** What a node is subscribed to, brought to whatever link there is: in batches, one at a time, in the order of the wishes. */
export class Channels<Link extends ChannelLink> {
  readonly #supervisor: () => Supervisor<Link>;
  /** Whether an error is the engine's answer, and no sign that the link is lost. */
  readonly #isAnswer: (error: unknown) => boolean;
  readonly #wanted: Set<string>;
  /** Who waits for a topic to be confirmed. */
  readonly #waiting: Map<string, Waiter[]>;
  /** What is wanted, and the present link is not subscribed to. */
  #missing: Set<string>;
  /** What it is subscribed to, and is not wanted any more. */
  #surplus: Set<string>;
  /** What it is asked to subscribe to, and has not answered. */
  #asked: Set<string>;
  #link: Link | undefined;
  #isBusy: boolean;

  constructor(supervisor: () => Supervisor<Link>, isAnswer: (error: unknown) => boolean) {
    this.#supervisor = supervisor;
    this.#isAnswer = isAnswer;
    this.#wanted = new Set();
    this.#waiting = new Map();
    this.#missing = new Set();
    this.#surplus = new Set();
    this.#asked = new Set();
    this.#link = undefined;
    this.#isBusy = false;
  }

  add(topic: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(topic) ?? [];
      this.#waiting.set(topic, waiters);
      waiters.push({ resolve, reject });
      this.#wanted.add(topic);
      if (!this.#surplus.delete(topic)) this.#missing.add(topic);
      // Given up and wanted again before the link has heard of it, whose answer may be awaited still.
      else if (!this.#asked.has(topic)) this.#confirm(topic);
      this.#start();
    });
  }

  delete(topic: string): void {
    this.#wanted.delete(topic);
    this.#waiting.delete(topic);
    if (!this.#missing.delete(topic)) this.#surplus.add(topic);
    this.#start();
  }

  /** Subscribes a fresh link to everything; rejects when that fails. */
  async subscribeAll(link: Link): Promise<void> {
    const topics = [...this.#wanted];
    this.#missing = new Set();
    this.#surplus = new Set();
    for (let at = 0; at < topics.length;) {
      const some: Promise<void>[] = [];
      for (; some.length < MOST_COMMANDS && at < topics.length; at += BATCH) {
        // It goes on: however long all of them take, the attempt is not given up.
        some.push(link.subscribe(topics.slice(at, at + BATCH)).then(() => this.#supervisor().heard()));
      }
      await Promise.all(some);
    }
    this.#link = link;
  }

  /** The link is in use: those who waited for its topics are told. */
  up(): void {
    for (const topic of [...this.#waiting.keys()]) if (!this.#missing.has(topic)) this.#confirm(topic);
    this.#start();
  }

  /** A turn's wishes go together. */
  #start(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    void Promise.resolve()
      .then(() => this.#work())
      .catch((error: unknown) => {
        this.#isBusy = false;
        this.#supervisor().lose(error as Error);
      });
  }

  async #work(): Promise<void> {
    for (;;) {
      const { link } = this.#supervisor();
      if (link === undefined || link !== this.#link || this.#missing.size + this.#surplus.size === 0) {
        this.#isBusy = false;
        return;
      }
      const gone = take(this.#surplus);
      if (gone.length > 0) await this.#supervisor().call((there) => there.unsubscribe(gone));
      const added = take(this.#missing);
      if (added.length > 0) await this.#subscribe(link, added);
    }
  }

  async #subscribe(link: Link, topics: readonly string[]): Promise<void> {
    this.#asked = new Set(topics);
    try {
      await this.#supervisor().call((there) => there.subscribe(topics));
    } catch (error) {
      if (!this.#isAnswer(error)) return;
      // One of them is refused: which one, each by itself tells.
      if (topics.length > 1) {
        for (const topic of topics) await this.#subscribe(link, [topic]);
        return;
      }
      this.#refuse(topics[0], error);
      return;
    } finally {
      this.#asked = new Set();
    }
    if (link !== this.#link) return;
    for (const topic of topics) this.#confirm(topic);
  }

  #confirm(topic: string): void {
    const waiters = this.#waiting.get(topic);
    this.#waiting.delete(topic);
    for (const { resolve } of waiters ?? []) resolve();
  }

  #refuse(topic: string, error: unknown): void {
    const waiters = this.#waiting.get(topic);
    this.#waiting.delete(topic);
    this.#wanted.delete(topic);
    for (const { reject } of waiters ?? []) reject(error);
  }
}

/** Takes a batch out of a set. */
function take(topics: Set<string>): string[] {
  const taken: string[] = [];
  for (const topic of topics) {
    taken.push(topic);
    topics.delete(topic);
    if (taken.length === BATCH) break;
  }
  return taken;
}
