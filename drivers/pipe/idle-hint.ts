import { type Later, later } from './next-turn.ts';

/** For so long nothing moves before somebody is told, in milliseconds of real time; a test's own time limit is longer. */
const QUIET = 1500;

/** Two sides that talk on and on never come to rest. */
const NO_REST = 'settle still waits, for something is always on its way; network.advance(milliseconds) ends at a time';

/** What it looks at. */
export interface IdleHintSubject {
  /** Counts what has happened: the same number twice, and nothing has. */
  readonly moves: number;
  /** Whether there is anything to look after. */
  readonly isInUse: boolean;
  /** The `settle` that waits for longest, if one does, and what the time is there. */
  readonly settling: object | undefined;
  readonly now: number;
  /** What nobody but time or the other side can bring on, in words; undefined where nobody waits. */
  describe(): string | undefined;
}

/**
 * A test that hangs because virtual time stands still says nothing by itself: this tells the console, once, who waits for
 * what when nothing has moved for a while, or that a network does not come to rest.
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
    this.#look();
  }

  #look(): void {
    const before = this.#subject.moves;
    const settled = this.#subject.settling;
    this.#later(() => {
      const { moves, isInUse, settling, now } = this.#subject;
      const waiting = moves === before ? this.#subject.describe() : undefined;
      if (waiting !== undefined) this.#tell(`nothing is on its way; ${waiting}`);
      else if (settling !== undefined && settling === settled)
        this.#tell(`${NO_REST}: it is ${Math.floor(now)} ms by now`);
      else if (isInUse) return this.#look();
      this.#isWatching = false;
    }, QUIET);
  }

  #tell(text: string): void {
    this.#hasTold = true;
    const { console } = globalThis as { console?: { warn(text: string): void } };
    console?.warn(`sansocket/pipe: ${text}`);
  }
}
