import type { Clock, Wake } from '../clock.ts';
import { TimeoutError } from '../../protocol/index.ts';

/** How to stop waiting before there is a result. */
export interface WaitOptions {
  /** Gives up when it fires; the promise is rejected with its reason. */
  signal?: AbortSignal;
}

/** The same, with a deadline. */
export interface TimedWaitOptions extends WaitOptions {
  /**
   * Gives up after so many milliseconds with a `TimeoutError`; 0 does not wait at all. `Infinity` and `false`, the
   * default, wait as long as it takes.
   */
  timeout?: number | false;
}

/** Throws what is wrong with a timeout; returns it as a number, `Infinity` when there is none. */
export function checkTimeout(timeout: number | false | undefined, fallback = Infinity): number {
  if (timeout === undefined) return fallback;
  if (timeout === false) return Infinity;
  if (typeof timeout !== 'number') throw new TypeError('timeout must be a number or false');
  if (!(timeout >= 0)) throw new RangeError('timeout must not be negative or NaN');
  return timeout;
}

/** The end of somebody's patience: a signal that fires or a time that passes. It holds nothing once it is called off. */
export class GiveUp {
  readonly #clock: Clock;
  readonly #giveUp: (reason: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;
  readonly #timeout: number;
  readonly #deadline: number;
  #wake: Wake | undefined;

  /** `giveUp` is called once at most, and never from here: see first whether the signal has fired already. */
  constructor(signal: AbortSignal | undefined, timeout: number, clock: Clock, giveUp: (reason: unknown) => void) {
    this.#clock = clock;
    this.#giveUp = giveUp;
    this.#signal = signal;
    this.#timeout = timeout;
    this.#deadline = timeout === Infinity ? Infinity : clock.now() + timeout;
    this.#wake = undefined;
    this.#onAbort = signal && (() => this.#end(signal.reason));
    if (this.#onAbort !== undefined) signal!.addEventListener('abort', this.#onAbort);
    this.#sleep();
  }

  /** The wait is over: nothing is to give up any more. */
  callOff(): void {
    if (this.#onAbort !== undefined) this.#signal!.removeEventListener('abort', this.#onAbort);
    this.#wake?.cancel();
    this.#wake = undefined;
  }

  #sleep(): void {
    if (this.#deadline === Infinity) return;
    this.#wake = this.#clock.wakeAt(this.#deadline, () => {
      // A clock may wake its sleepers early.
      if (this.#clock.now() < this.#deadline) this.#sleep();
      else this.#end(timedOut(this.#timeout));
    });
  }

  #end(reason: unknown): void {
    this.callOff();
    this.#giveUp(reason);
  }
}

/** The error of a wait that took too long. The connection is none the worse for it. */
export function timedOut(timeout: number): TimeoutError {
  return new TimeoutError(`gave up after ${timeout} ms; the connection goes on`);
}
