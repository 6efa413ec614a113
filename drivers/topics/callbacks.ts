/** Calls what is the application's: what it throws, now or in a promise, goes to `failed`. */
export function callOut(callback: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = callback();
    if (isPromise(result)) result.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

/** Tells the console of an error that nobody else is to be told. */
export function complain(error: unknown): void {
  (globalThis as { console?: { error(...of: unknown[]): void } }).console?.error('sansocket/topics:', error);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined | null)?.then === 'function';
}
