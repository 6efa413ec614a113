import type { Clock } from '../clock.ts';
import { OutcomeUnknownError } from './errors.ts';
import type { Counts } from './hub/output.ts';

/** What a hub has counted since it was made, and how it stands. Times are milliseconds. */
export interface Metrics extends Readonly<Counts> {
  /** Publishes that the engine has. */
  readonly published: number;
  /** Publishes that were not done. */
  readonly refused: number;
  /** Publishes of which nobody knows. */
  readonly unknown: number;
  /** Messages of the engine that made no sense. */
  readonly malformed: number;
  readonly engine: {
    readonly isUp: boolean;
    /** How often it was lost. */
    readonly downs: number;
    /** How long it has been up, or down, since the last change. */
    readonly since: number;
    /** How long it was down, all in all. */
    readonly downFor: number;
    /** How long ago the last heartbeat came round; undefined before the first. */
    readonly lastBeat: number | undefined;
  };
  readonly topics: number;
  readonly subscriptions: number;
  /** Messages that wait for a hole to be filled. */
  readonly held: number;
}

/** How a hub stands. */
interface Standing {
  readonly topics: number;
  readonly subscriptions: number;
  readonly held: number;
  readonly isUp: boolean;
}

/** Counts what the machine doesn't. */
export class Meter {
  malformed: number;
  readonly #clock: Clock;
  readonly #gaps: Record<string, number>;
  #published: number;
  #refused: number;
  #unknown: number;
  #downs: number;
  #downFor: number;
  #changedAt: number;
  #beatAt: number | undefined;

  constructor(clock: Clock) {
    this.malformed = 0;
    this.#clock = clock;
    this.#gaps = {};
    this.#published = 0;
    this.#refused = 0;
    this.#unknown = 0;
    this.#downs = 0;
    this.#downFor = 0;
    this.#changedAt = clock.now();
    this.#beatAt = undefined;
  }

  /** A publish is over. */
  published(error: unknown): void {
    if (error === undefined) this.#published++;
    else if (error instanceof OutcomeUnknownError) this.#unknown++;
    else this.#refused++;
  }

  gap(reason: string): void {
    this.#gaps[reason] = (this.#gaps[reason] ?? 0) + 1;
  }

  beat(): void {
    this.#beatAt = this.#clock.now();
  }

  changed(isUp: boolean): void {
    const now = this.#clock.now();
    if (isUp) this.#downFor += now - this.#changedAt;
    else this.#downs++;
    this.#changedAt = now;
  }

  read(counts: Counts, { topics, subscriptions, held, isUp }: Standing): Metrics {
    const now = this.#clock.now();
    return {
      ...counts,
      gaps: { ...counts.gaps, ...this.#gaps },
      published: this.#published,
      refused: this.#refused,
      unknown: this.#unknown,
      malformed: this.malformed,
      engine: {
        isUp,
        downs: this.#downs,
        since: now - this.#changedAt,
        downFor: this.#downFor + (isUp ? 0 : now - this.#changedAt),
        lastBeat: this.#beatAt === undefined ? undefined : now - this.#beatAt,
      },
      topics,
      subscriptions,
      held,
    };
  }
}
