import { type Clock, type Wake, wakeAtDeadline } from '../clock.ts';
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

/** The end of somebody's patience: a signal that fires, or a time that passes without what had come by then. It holds nothing once it is called off. */
export class WaitLimit {
  readonly #giveUp: (reason: unknown) => void;
  /** Stops waiting for the signal. */
  readonly #letGo: (() => void) | undefined;
  readonly #wake: Wake;

  /** `giveUp` is called once at most, and never from here: see first whether the signal has fired already. */
  constructor(signal: AbortSignal | undefined, timeout: number, clock: Clock, giveUp: (reason: unknown) => void) {
    this.#giveUp = giveUp;
    this.#letGo = signal && whenAborted(signal, () => this.#end(reasonOf(signal)));
    this.#wake = wakeAtDeadline(clock, clock.now() + timeout, () => this.#end(timedOut(timeout)));
  }

  /** The wait is over: nothing is to give up any more. */
  callOff(): void {
    this.#letGo?.();
    this.#wake.cancel();
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
