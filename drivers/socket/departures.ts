/** Is called once: with nothing when what was sent has left this process, with the error when it never will. */
export type OnSent = (error?: Error) => void;

/** With nothing at all, or with the error: it is somebody's function, and may look at its arguments and at `this`. */
export function tellSent(callback: OnSent, error: Error | undefined): void {
  if (error === undefined) callback();
  else callback(error);
}

/** One, several or none: as a rule it is one, which needs no list. */
export type Callbacks = OnSent | readonly OnSent[] | undefined;

/** Those who asked to be told when what they sent has left, by how far it has come. Made for the first who asks. */
export class Departures {
  /** Sent, and behind what is being deflated. */
  #held: Set<OnSent> | undefined;
  /** Handed to the connection. */
  #waiting: Callbacks;
  /** Handed to the transport. */
  #underWay: Callbacks;

  constructor() {
    this.#held = undefined;
    this.#waiting = undefined;
    this.#underWay = undefined;
  }

  /** What was sent has been handed to the connection. */
  add(callback: OnSent): void {
    if (Array.isArray(this.#waiting)) this.#waiting.push(callback);
    else this.#waiting = both(this.#waiting, callback);
  }

  /** What was sent has not, and will be when what this returns is called. */
  hold(callback: OnSent): () => void {
    // Of its own: the same function may be given for two messages.
    const held: OnSent = (error) => tellSent(callback, error);
    const all = (this.#held ??= new Set());
    all.add(held);
    return () => {
      if (all.delete(held)) this.add(held);
    };
  }

  /** The transport has all that was handed to the connection. */
  depart(): void {
    this.#underWay = both(this.#underWay, this.#waiting);
    this.#waiting = undefined;
  }

  /** The transport holds nothing any more. Returns whom to tell. */
  takeLeft(): Callbacks {
    const left = this.#underWay;
    this.#underWay = undefined;
    return left;
  }

  /** It is over. Returns whom to tell that it was in vain. */
  takeLost(): Callbacks {
    const held = this.#held && [...this.#held];
    const lost = both(both(this.#underWay, this.#waiting), held);
    this.#underWay = undefined;
    this.#waiting = undefined;
    this.#held?.clear();
    return lost;
  }
}

function both(first: Callbacks, second: Callbacks): Callbacks {
  if (first === undefined) return second;
  return second === undefined ? first : [first, second].flat();
}
