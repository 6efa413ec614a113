/** Whose steps are guarded: a connection, or a part of one. */
export interface Guarded {
  /** One of its steps has thrown this. It is the end of that connection. */
  failed(error: unknown): void;
}

/**
 * Runs a step of one connection, with what it is to be given. Whatever it throws is told to its own subject and goes no
 * further, so that whoever runs the steps of many (a turn, a timer, a broadcast, a shutdown, a callback of the
 * environment's) comes to the next one. Never throws.
 */
export function guard<S extends Guarded, A extends Few>(
  subject: S,
  step: (this: S, ...given: A) => void,
  ...given: A
): void;
// Every message passes through here: a list of arguments would be made for each.
export function guard(subject: Guarded, step: Step, a?: unknown, b?: unknown, c?: unknown, d?: unknown): void {
  try {
    step.call(subject, a, b, c, d);
  } catch (error) {
    blame(subject, error);
  }
}

/** Tells a subject what one of its steps has thrown. Never throws. */
export function blame(subject: Guarded, error: unknown): void {
  guard(NOBODY, () => subject.failed(error));
}

type Few = [a?: any, b?: any, c?: any, d?: any];
type Step = (this: Guarded, ...given: any[]) => void;

/** A subject for what belongs to no connection, or to one that can be told nothing any more. */
export const NOBODY: Guarded = { failed: complain };

/** Does this to each, whatever becomes of the others. */
export function each<T>(items: Iterable<T>, step: (item: T) => void): void {
  for (const item of items) guard(NOBODY, step as (this: Guarded, item: T) => void, item);
}

/** Tells somebody of an error, who may fail at that, now or in a promise: then the console is told both. */
export function report(error: unknown, tell: () => unknown): void {
  const reporter: Guarded = {
    failed: (failure) => complain(new AggregateError([error, failure], 'an error handler failed')),
  };
  guard(reporter, () => watch(reporter, tell()));
}

/** Sees that what a callback returned, if it is a promise, does not reject unheard. */
export function watch(subject: Guarded, result: unknown): void {
  if (isPromise(result)) result.then(undefined, (error: unknown) => guard(subject, () => subject.failed(error)));
}

export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined | null)?.then === 'function';
}

/** There is nobody left to tell. */
function complain(error: unknown): void {
  const { console } = globalThis as { console?: { error(...args: unknown[]): void } };
  try {
    console?.error('sansocket:', error);
  } catch {
    // Nor that.
  }
}
