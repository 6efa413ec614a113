const TICK: Promise<void> = Promise.resolve();

/** A promise with the end that resolves it: whoever is idle has one, and no more of it than that. */
export class Pending<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T | PromiseLike<T>) => void;

  /** `takeReject` is given the other end, for whoever keeps it. */
  constructor(takeReject?: (reject: (reason: unknown) => void) => void) {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      takeReject?.(reject);
    });
  }

  /**
   * Rejects with the error that `make` returns, `quietly` as `rejectedQuietly` does, a little later: in a reaction of a promise
   * that this one follows, from where V8 finds the line that awaits it. The error is made, or gets its stack, then and there.
   */
  rejectWhereAwaited(make: () => unknown, quietly = true): void {
    const failing = TICK.then(nothing).then(() => {
      const error = make();
      if (quietly) this.promise.catch(ignore);
      throw error;
    });
    this.resolve(failing as Promise<never>);
  }
}

/** A promise with its two ends. */
export class Deferred<T> extends Pending<T> {
  readonly reject: (reason: unknown) => void;

  constructor() {
    let end!: (reason: unknown) => void;
    super((reject) => (end = reject));
    this.reject = end;
  }
}

/**
 * A rejection that whoever awaits it sees, and nobody needs to: an operation that the connection's end has overtaken is
 * not to become an "unhandled rejection", which ends a Node process, only because its promise was not awaited in time.
 */
export function rejectedQuietly(reason: unknown): Promise<never> {
  const promise = Promise.reject(reason);
  promise.catch(ignore);
  return promise;
}

export function ignore(): void {}

function nothing(): void {}
