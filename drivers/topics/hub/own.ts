import type { Delivery, Member } from './line.ts';

/** How many publishes that are over are kept in mind, for what the engine still sends of them. */
const KEPT = 1024;

/** A publish of this node. */
class Publication<Owner> {
  /** Who is not to get it. */
  readonly except: Member<Owner> | undefined;
  /** How many subscribers of this node were given it. */
  delivered: number;
  /** It has come from the engine as a message. */
  hasCome: boolean;
  /** It was taken in with the engine's answer, before it came. */
  wasTaken: boolean;
  /** The publish is over. */
  isOver: boolean;

  constructor(except: Member<Owner> | undefined) {
    this.except = except;
    this.delivered = 0;
    this.hasCome = false;
    this.wasTaken = false;
    this.isOver = false;
  }
}

/**
 * The publishes of this node, by their stamps: the engine tells of each twice, by its answer and by the message, and one of
 * the two is taken.
 */
export class Own<Owner> {
  readonly #publications: Map<string, Publication<Owner>>;
  #open: number;

  constructor() {
    this.#publications = new Map();
    this.#open = 0;
  }

  /** How many are not over. */
  get open(): number {
    return this.#open;
  }

  begin(stamp: string, except: Member<Owner> | undefined): void {
    this.#publications.set(stamp, new Publication(except));
    this.#open++;
  }

  /** A message came from the engine. Returns whether it was taken in already. */
  came(stamp: string): boolean {
    if (this.#publications.size === 0) return false;
    const publication = this.#publications.get(stamp);
    if (publication === undefined) return false;
    publication.hasCome = true;
    // One that is yet to be given out is needed for who is not to get it.
    if (publication.isOver && publication.wasTaken) this.#publications.delete(stamp);
    return publication.wasTaken;
  }

  /** The engine's answer has come. Returns whether its message is to be taken in now. */
  answered(stamp: string): boolean {
    const publication = this.#publications.get(stamp);
    if (publication === undefined || publication.hasCome) return false;
    publication.wasTaken = true;
    return true;
  }

  /** The publish is over. Returns how many subscribers were given its message until now. */
  end(stamp: string): number {
    const publication = this.#publications.get(stamp);
    if (publication === undefined || publication.isOver) return 0;
    publication.isOver = true;
    this.#open--;
    if (publication.hasCome && publication.delivered > 0) this.#publications.delete(stamp);
    this.#forget();
    return publication.delivered;
  }

  /** Who is not to get this message. */
  exceptOf({ stamp }: Delivery): Member<Owner> | undefined {
    return this.#publications.size === 0 ? undefined : this.#publications.get(stamp)?.except;
  }

  delivered({ stamp }: Delivery, count: number): void {
    if (this.#publications.size === 0) return;
    const publication = this.#publications.get(stamp);
    if (publication === undefined) return;
    publication.delivered += count;
    if (publication.isOver && publication.hasCome) this.#publications.delete(stamp);
  }

  /** Everything that matters of its state, for tests. */
  describe(): string {
    return JSON.stringify(
      [...this.#publications].map(([stamp, { hasCome, wasTaken, isOver, delivered }]) => [
        ...[stamp, hasCome, wasTaken, isOver, delivered > 0],
      ]),
    );
  }

  #forget(): void {
    if (this.#publications.size <= this.#open + KEPT) return;
    for (const [stamp, { isOver }] of this.#publications) {
      if (!isOver) continue;
      this.#publications.delete(stamp);
      return;
    }
  }
}
