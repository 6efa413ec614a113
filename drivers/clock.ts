/** Time, as a driver supplies it. */
export interface Clock {
  /** Milliseconds on a monotonic clock; where its zero lies does not matter. */
  now(): number;
  /**
   * Calls back once, at or soon after `at` (on the scale of `now`). Early is allowed: a connection's timeouts are data,
   * and a spurious wake-up does nothing.
   */
  wakeAt(at: number, callback: () => void): Wake;
  /** Calls back at the end of this turn, after everything that is already due to run. */
  defer(callback: () => void): void;
}

/** A wake-up that can be called off. */
export interface Wake {
  cancel(): void;
}
