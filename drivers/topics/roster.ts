import { Member } from './hub/line.ts';
import type { Outlet } from './outlets/outlet.ts';
import { checkSubscriber, outletOf, type Subscriber } from './outlets/index.ts';

/** The sockets that a hub knows, each from when it first wants something until its end. */
export class Roster {
  readonly #members: Map<object, Member<Outlet>>;
  /** What is being decided for them, to be called off when they end. */
  readonly #deciding: Map<Member<Outlet>, Set<AbortController>>;
  readonly #drained: (member: Member<Outlet>) => void;
  readonly #ended: (member: Member<Outlet>) => void;

  constructor(drained: (member: Member<Outlet>) => void, ended: (member: Member<Outlet>) => void) {
    this.#members = new Map();
    this.#deciding = new Map();
    this.#drained = drained;
    this.#ended = ended;
  }

  /** The one that it is, where it is known. Throws a TypeError for what is no socket, which would be passed over. */
  get(ws: Subscriber): Member<Outlet> | undefined {
    const known = this.#members.get(ws);
    if (known === undefined) checkSubscriber(ws);
    return known;
  }

  values(): Iterable<Member<Outlet>> {
    return this.#members.values();
  }

  /** Throws a TypeError for what is no socket. */
  enter(ws: Subscriber): Member<Outlet> {
    const known = this.#members.get(ws);
    if (known !== undefined) return known;
    const outlet = outletOf(ws);
    const member = new Member(outlet);
    if (!outlet.isOpen) return member;
    this.#members.set(ws, member);
    outlet.watch(
      () => this.#drained(member),
      () => this.#leave(member),
    );
    return member;
  }

  /** How much is being decided for a socket. */
  deciding(member: Member<Outlet>): number {
    return this.#deciding.get(member)?.size ?? 0;
  }

  /** Decides something for a socket; the signal fires when it ends first. */
  async decide<T>(member: Member<Outlet>, decision: (signal: AbortSignal) => PromiseLike<T> | T): Promise<T> {
    const controller = new AbortController();
    const others = this.#deciding.get(member) ?? new Set();
    this.#deciding.set(member, others.add(controller));
    try {
      return await decision(controller.signal);
    } finally {
      others.delete(controller);
      if (others.size === 0) this.#deciding.delete(member);
    }
  }

  #leave(member: Member<Outlet>): void {
    this.#members.delete(member.owner.ws);
    for (const controller of this.#deciding.get(member) ?? []) controller.abort();
    this.#ended(member);
  }
}
