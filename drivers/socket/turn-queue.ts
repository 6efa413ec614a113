import type { Clock } from '../clock.ts';

/** Who asks to hear when a turn is over. It must not throw: a pump, whose steps are guarded. */
interface Task {
  onTurnEnd(now: number): void;
  /** The process ends: nothing runs after this. */
  onExit(now: number): void;
}

const SETTLED = Promise.resolve();

/** The pumps of one clock that have something to do when this turn is over. One list for all of them holds no closures. */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  /** The first `#length` of these are this turn's. The arrays take turns: a new one each time would be garbage. */
  #tasks: (Task | undefined)[];
  #others: (Task | undefined)[];
  #length: number;
  /** Who has sent something within a call, at whose end it leaves: the last one. */
  #sender: Task | undefined;
  #isExiting: boolean;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#onEnd = () => this.#end();
    this.#tasks = [];
    this.#others = [];
    this.#length = 0;
    this.#sender = undefined;
    this.#isExiting = false;
  }

  add(task: Task): void {
    if (this.#length === 0) this.#clock.defer(this.#onEnd);
    this.#tasks[this.#length++] = task;
    if (this.#isExiting) task.onExit(this.#clock.now());
  }

  /** Something was sent within a call, at whose end it leaves. */
  sentWithin(task: Task): void {
    this.#sender = task;
    if (this.#isExiting) task.onExit(this.#clock.now());
  }

  /** The same, once the promise reactions that are due have run: what they set off is due before the end of the turn then. */
  addBehindReactions(task: Task): void {
    void SETTLED.then(() => this.add(task));
  }

  /**
   * The process ends, and this turn does not: what was sent leaves now, or never, and so does what others send who hear of the
   * process's end after this.
   */
  exit(): void {
    this.#isExiting = true;
    const now = this.#clock.now();
    this.#sender?.onExit(now);
    // It may end within the end of a turn: then the others hold who is still to come.
    for (const tasks of [this.#others, this.#tasks]) for (const task of tasks) task?.onExit(now);
  }

  #end(): void {
    const tasks = this.#tasks;
    const length = this.#length;
    this.#tasks = this.#others;
    this.#others = tasks;
    this.#length = 0;
    // Once for all of them: a broadcast's are many.
    const now = this.#clock.now();
    for (let i = 0; i < length; i++) {
      tasks[i]!.onTurnEnd(now);
      tasks[i] = undefined;
    }
  }
}

const turns = new WeakMap<Clock, TurnQueue>();

export function turnQueueOf(clock: Clock): TurnQueue {
  let turn = turns.get(clock);
  if (turn === undefined) {
    turn = new TurnQueue(clock);
    turns.set(clock, turn);
  }
  return turn;
}
