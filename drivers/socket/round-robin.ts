import type { Clock } from '../clock.ts';

/** Who waits for a turn. It must not throw: a pump, whose steps are guarded. */
interface Worker {
  /** Returns whether it had anything to do. */
  onTurn(): boolean;
}

/**
 * The pumps of one clock whose connections have done as much as one may in a turn. One of them goes on after each reading,
 * the first first: everybody else is served between, however many they are.
 */
export class RoundRobin {
  readonly #clock: Clock;
  readonly #workers: Set<Worker>;
  #isExpecting: boolean;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#workers = new Set();
    this.#isExpecting = false;
  }

  /** Waits behind the others, if not among them already. */
  add(worker: Worker): void {
    this.#workers.add(worker);
    this.#expect();
  }

  #expect(): void {
    if (this.#isExpecting || this.#workers.size === 0) return;
    this.#isExpecting = true;
    this.#clock.afterReading(() => {
      this.#isExpecting = false;
      this.#serve();
      this.#expect();
    });
  }

  #serve(): void {
    for (const worker of this.#workers) {
      this.#workers.delete(worker);
      if (worker.onTurn()) return;
    }
  }
}

const all = new WeakMap<Clock, RoundRobin>();

export function roundRobinOf(clock: Clock): RoundRobin {
  let one = all.get(clock);
  if (one === undefined) all.set(clock, (one = new RoundRobin(clock)));
  return one;
}
