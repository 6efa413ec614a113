/** Time, as a driver supplies it. */
export interface Clock {
  /** Milliseconds on a monotonic clock; where its zero lies does not matter. */
  now(): number;
  /**
   * Calls back once, at or soon after `at` (on the scale of `now`). Early is allowed: a connection's timeouts are data,
   * and a spurious wake-up does nothing. `who` is the call that waits for it, if one does: a clock that stands still can
   * tell, and Node's keeps the process alive until then.
   */
  wakeAt(at: number, callback: () => void, who?: string): Wake;
  /**
   * The same for an object, which in every idle connection takes less than a closure of it, and is what to call the wake-up off
   * with. One sleeper has one wake-up at a time. Not every clock has it.
   */
  wakeSleeperAt?(at: number, sleeper: Sleeper): Wake;
  /**
   * Calls back once, when everything has been delivered that had come from outside when this was called. A loop that runs
   * timers before it reads (Node's) may be late for a deadline whose answer has been there for long.
   */
  afterReading(callback: () => void): Wake;
  /** Calls back at the end of this turn, after everything that is already due to run. */
  defer(callback: () => void): void;
}

/** Who waits to be woken by a clock. */
export interface Sleeper {
  /** It is time, or a little later. */
  onWake(): void;
}

/** A wake-up that can be called off. */
export interface Wake {
  /** Calls it off, for this sleeper where it is one's. Safe to repeat, and after it has come. */
  cancel(sleeper?: Sleeper): void;
}

/** Calls back once, when it is time and never early: for waits in which nobody else has a part. `who` is as in `wakeAt`. */
export function wakeWhenDue(clock: Clock, at: number, callback: () => void, who?: string): Wake {
  if (at === Infinity) return { cancel: () => {} };
  const onWake = (): void => {
    if (clock.now() < at) wake = clock.wakeAt(at, onWake, who);
    else callback();
  };
  let wake = clock.wakeAt(at, onWake, who);
  return { cancel: () => wake.cancel() };
}

/** From so many milliseconds on a wake-up is late because the event loop stood still. */
const LATE = 1000;
const MOST_GRACE = 5000;

/**
 * How much longer a deadline runs whose wake-up came so late: the loop stood still, and the peer's time with it. What is
 * left to be done, a round trip or two, gets as much time again, once and up to a limit.
 */
export function graceOf(late: number): number {
  return late < LATE ? 0 : Math.min(late, MOST_GRACE);
}

/**
 * Calls back once at a deadline, when what had come by then was delivered; later after a loop that stood still. `who` is as in
 * `wakeAt`.
 */
export function wakeAtDeadline(clock: Clock, at: number, callback: () => void, who?: string): Wake {
  let wake: Wake | undefined;
  const sleep = (until: number, isGrace: boolean): void => {
    const late = clock.now() - until;
    // A clock may wake its sleepers early.
    if (late < 0) wake = clock.wakeAt(until, () => sleep(until, isGrace), who);
    else wake = clock.afterReading(() => judge(isGrace ? 0 : graceOf(late)));
  };
  const judge = (grace: number): void => {
    if (grace === 0) callback();
    else sleep(clock.now() + grace, true);
  };
  if (at < Infinity) sleep(at, false);
  return { cancel: () => wake?.cancel() };
}
