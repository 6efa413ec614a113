import type { Clock } from '../clock.ts';

/**
 * The standard's "WebSocket task source": each task runs in a turn of its own, in order, so that the promise reactions of
 * one event are done before the next comes. Whoever awaits a message and then listens for another misses none. These turns are
 * within one of the event loop's: nothing is read before they are over, so that no more waits than `turnBudget` lets one bring.
 */
export class Tasks {
  readonly #clock: Clock;
  readonly #queue: (() => void)[];
  /** A turn is under way, or about to be. */
  #busy: boolean;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#queue = [];
    this.#busy = false;
  }

  /** Runs it now, if it may: for what the network brings, which is a turn of its own already. */
  run(task: () => void): void {
    if (this.#busy) {
      this.#queue.push(task);
    } else {
      this.#busy = true; // what the task itself brings about waits for the end of its turn
      try {
        task();
      } finally {
        this.#endTurn();
      }
    }
  }

  /** Runs it in a later turn: for what a call of the user brings about, within which no event comes. */
  queue(task: () => void): void {
    this.#queue.push(task);
    if (!this.#busy) this.#endTurn();
  }

  /** Calls back once this turn is over: all promise reactions that are due and those that they lead to. */
  afterTurn(callback: () => void): void {
    // Not by `queueMicrotask`, which fake timers hold back.
    void Promise.resolve().then(() => this.#clock.defer(callback));
  }

  #endTurn(): void {
    this.#busy = true;
    this.afterTurn(() => {
      this.#busy = false;
      const next = this.#queue.shift();
      if (next !== undefined) this.run(next);
    });
  }
}
