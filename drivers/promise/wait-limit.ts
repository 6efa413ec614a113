import type { Clock, Wake } from '../clock.ts';
import { reasonOf, whenAborted } from '../socket/abort.ts';
import { WaitTimeoutError } from '../../protocol/index.ts';
import { LIMIT, type OptionTable, SIGNAL } from '../../protocol/internal.ts';

/** How to stop waiting before there is a result. */
export interface WaitOptions {
  /** Gives up when it fires; the promise is rejected with its reason. */
  signal?: AbortSignal | undefined;
}

/** The same, with a deadline. */
export interface TimedWaitOptions extends WaitOptions {
  /**
   * Gives up after so many milliseconds with a `WaitTimeoutError`; 0 does not wait at all. `Infinity` and `false`, the
   * default, wait as long as it takes.
   */
  timeout?: number | false | undefined;
}

export const TIMED_WAIT_OPTIONS: OptionTable<TimedWaitOptions> = { signal: SIGNAL, timeout: LIMIT };

/** The end of somebody's patience: a signal that fires or a time that passes. It holds nothing once it is called off. */
export class WaitLimit {
  readonly #clock: Clock;
  readonly #giveUp: (reason: unknown) => void;
  /** Stops waiting for the signal. */
  readonly #letGo: (() => void) | undefined;
  readonly #timeout: number;
  readonly #who: string | undefined;
  readonly #deadline: number;
  #wake: Wake | undefined;

  /**
   * `giveUp` is called once at most, and never from here: see first whether the signal has fired already. `who` is as in
   * `Clock.wakeAt`.
   */
  constructor(
    signal: AbortSignal | undefined,
    timeout: number,
    clock: Clock,
    giveUp: (reason: unknown) => void,
    who?: string,
  ) {
    this.#clock = clock;
    this.#giveUp = giveUp;
    this.#timeout = timeout;
    this.#who = who;
    this.#deadline = timeout === Infinity ? Infinity : clock.now() + timeout;
    this.#wake = undefined;
    this.#letGo = signal && whenAborted(signal, () => this.#end(reasonOf(signal)));
    this.#sleep();
  }

  /** The wait is over: nothing is to give up any more. */
  callOff(): void {
    this.#letGo?.();
    this.#wake?.cancel();
    this.#wake = undefined;
  }

  #sleep(): void {
    if (this.#deadline === Infinity) return;
    const wake = (): void => {
      // A clock may wake its sleepers early.
      if (this.#clock.now() < this.#deadline) this.#sleep();
      else this.#end(timedOut(this.#timeout));
    };
    this.#wake = this.#clock.wakeAt(this.#deadline, wake, this.#who);
  }

  #end(reason: unknown): void {
    this.callOff();
    this.#giveUp(reason);
  }
}

/** The error of a wait that took too long. The connection is none the worse for it. */
export function timedOut(timeout: number): WaitTimeoutError {
  return new WaitTimeoutError(timeout);
}
