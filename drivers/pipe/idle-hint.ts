import { type Later, later } from './next-turn.ts';

/** For so long nothing moves before somebody is told, in milliseconds of real time; a test's own time limit is longer. */
const QUIET = 1500;

/** What it looks at. */
export interface IdleHintSubject {
  /** Counts what has happened: the same number twice, and nothing has. */
  readonly moves: number;
  /** Whether there is anything to look after. */
  readonly isInUse: boolean;
  /** What nobody but time or the other side can bring on, in words; undefined where nobody waits. */
  describe(): string | undefined;
}

/**
 * A test that hangs because virtual time stands still says nothing by itself: this tells the console, once, who waits for
 * what when nothing has moved for a while.
 */
export class IdleHint {
  readonly #subject: IdleHintSubject;
  readonly #later: Later;
  #isWatching: boolean;
  #hasTold: boolean;

  constructor(subject: IdleHintSubject, callLater: Later = later) {
    this.#subject = subject;
    this.#later = callLater;
    this.#isWatching = false;
    this.#hasTold = false;
  }

  /** Looks after it for as long as it is in use. */
  watch(): void {
    if (this.#isWatching || this.#hasTold) return;
    this.#isWatching = true;
    this.#look(this.#subject.moves);
  }

  #look(before: number): void {
    this.#later(() => {
      const { moves, isInUse } = this.#subject;
      const waiting = moves === before ? this.#subject.describe() : undefined;
      if (waiting !== undefined) {
        this.#hasTold = true;
        const { console } = globalThis as { console?: { warn(text: string): void } };
        console?.warn(`sansocket/pipe: nothing is on its way; ${waiting}`);
      } else if (isInUse) {
        return this.#look(moves);
      }
      this.#isWatching = false;
    }, QUIET);
  }
}
