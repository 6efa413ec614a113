/** Is called once: with nothing when what was sent has left this process, with the error when it never will. */
export type OnSent = (error?: Error) => void;

/** Those who asked to be told when what they sent has left, by how far it has come. Made for the first who asks. */
export class Departures {
  /** Sent, and behind what is being deflated. */
  readonly #held: Set<OnSent>;
  /** Handed to the connection. */
  #waiting: OnSent[];
  /** Handed to the transport. */
  #underWay: OnSent[];

  constructor() {
    this.#held = new Set();
    this.#waiting = [];
    this.#underWay = [];
  }

  /** What was sent has been handed to the connection. */
  add(callback: OnSent): void {
    this.#waiting.push(callback);
  }

  /** What was sent has not, and will be when what this returns is called. */
  hold(callback: OnSent): () => void {
    // Of its own: the same function may be given for two messages.
    const held: OnSent = (error) => callback(error);
    this.#held.add(held);
    return () => {
      if (this.#held.delete(held)) this.#waiting.push(held);
    };
  }

  /** The transport has all that was handed to the connection. */
  depart(): void {
    if (this.#waiting.length === 0) return;
    this.#underWay = this.#underWay.length === 0 ? this.#waiting : [...this.#underWay, ...this.#waiting];
    this.#waiting = [];
  }

  /** The transport holds nothing any more. Returns whom to tell. */
  takeLeft(): readonly OnSent[] {
    const left = this.#underWay;
    if (left.length > 0) this.#underWay = [];
    return left;
  }

  /** It is over. Returns whom to tell that it was in vain. */
  takeLost(): readonly OnSent[] {
    const lost = [...this.#underWay, ...this.#waiting, ...this.#held];
    this.#underWay = [];
    this.#waiting = [];
    this.#held.clear();
    return lost;
  }
}
