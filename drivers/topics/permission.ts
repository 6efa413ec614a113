import { TopicsError } from './errors.ts';
import type { Member } from './hub/line.ts';
import type { Action, Authorize } from './options.ts';
import type { Subscriber } from './outlets/index.ts';
import type { Outlet } from './outlets/outlet.ts';
import type { Roster } from './roster.ts';

/** Asks whether a socket may do something. What is not `true` says no, an error too. */
export class Permission {
  readonly #authorize: Authorize | undefined;
  readonly #roster: Roster;
  /** The most decisions that are under way for one socket. */
  readonly #most: number;
  /** How often something was revoked: an answer from before that is not to be relied on. */
  #revocations: number;

  constructor(authorize: Authorize | undefined, roster: Roster, most: number) {
    this.#authorize = authorize;
    this.#roster = roster;
    this.#most = most;
    this.#revocations = 0;
  }

  /** Whether there is somebody to ask. */
  get isAsked(): boolean {
    return this.#authorize !== undefined;
  }

  revoked(): void {
    this.#revocations++;
  }

  /** Resolves when it may. Rejects with a TopicsError of kind `'denied'`, or `'limit'`. */
  async ask(member: Member<Outlet>, topic: string, action: Action): Promise<void> {
    const authorize = this.#authorize;
    if (authorize === undefined) return;
    const ws = member.owner.ws as Subscriber;
    if (this.#roster.deciding(member) >= this.#most) throw new TopicsError('limit', 'too much is being decided for it');
    for (let asked = -1; asked !== this.#revocations;) {
      asked = this.#revocations;
      const answer = await this.#roster
        .decide(member, (signal) => authorize(ws, topic, action, { signal }))
        .catch((cause: unknown) => {
          throw new TopicsError('denied', `not allowed to ${action}: authorize failed`, { cause });
        });
      if (answer !== true) throw new TopicsError('denied', `not allowed to ${action}`);
    }
  }
}
