/**
 * What a callback says that is to answer at once, yes or no. Anything else is a TypeError: a promise would count as a yes, and let
 * everyone in.
 */
export function verdictOf(name: string, verdict: unknown): boolean {
  if (typeof verdict === 'boolean') return verdict;
  if (!isLate(verdict)) throw new TypeError(`${name} must return a boolean`);
  throw new TypeError(`${name} must return a boolean, not a promise: what takes time belongs into authorize`);
}

/** Whether a callback has given a promise. What becomes of that is nobody's to hear: it must not end the process. */
export function isLate(answer: unknown): boolean {
  const then = (answer as PromiseLike<unknown> | null | undefined)?.then;
  if (typeof then !== 'function') return false;
  then.call(answer, undefined, () => {});
  return true;
}
