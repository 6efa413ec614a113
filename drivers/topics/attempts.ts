import { TopicsError } from './errors.ts';

/** Something that a socket is to have of a topic, and that is being decided on. */
export interface Attempt {
  readonly owner: object;
  readonly topic: string;
  isCalledOff: boolean;
}

/**
 * What is under way and has not begun, so that whoever ends it before is obeyed: a socket that is unsubscribed while
 * `authorize` makes up its mind is not subscribed once it has.
 */
export class Attempts {
  readonly #byOwner: Map<object, Set<Attempt>>;

  constructor() {
    this.#byOwner = new Map();
  }

  begin(owner: object, topic: string): Attempt {
    const attempt: Attempt = { owner, topic, isCalledOff: false };
    const all = this.#byOwner.get(owner) ?? new Set();
    this.#byOwner.set(owner, all.add(attempt));
    return attempt;
  }

  /** It has been decided, however. */
  end(attempt: Attempt): void {
    const all = this.#byOwner.get(attempt.owner);
    all?.delete(attempt);
    if (all?.size === 0) this.#byOwner.delete(attempt.owner);
  }

  /** Throws a TopicsError where it was called off. */
  check({ isCalledOff }: Attempt): void {
    if (isCalledOff) throw new TopicsError('gone', 'it was ended before it began');
  }

  /** Calls off what is under way for this topic, or for any. */
  callOff(owner: object, topic?: string): void {
    for (const attempt of this.#byOwner.get(owner) ?? []) {
      if (topic === undefined || attempt.topic === topic) attempt.isCalledOff = true;
    }
  }
}
