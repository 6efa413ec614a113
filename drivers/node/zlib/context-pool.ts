import type { ZlibHandle } from '../internals/zlib-handle.ts';

/** Contexts that no one holds are kept for the next one, so many: making one costs more than a small message. */
const MAX_SPARE = 2;

/** Who a context is lent to. */
export interface Holder {
  /** What it holds. The pool takes it away when others need it more. */
  context: Context | undefined;
  /** Whether the context is in the middle of something that only it can go on with. */
  readonly busy: boolean;
}

/** A zlib handle, lent to one holder at a time. */
export interface Context {
  readonly handle: ZlibHandle;
  /** Contexts with the same key are alike. */
  readonly key: number;
  holder: Holder | undefined;
}

/**
 * zlib's contexts, shared by all connections: no more than `limit` of them. Only holders in the middle of a message make
 * it exceed the limit, and only until they are through.
 *
 * At the limit, who loses a context is left to chance. Losing it to whoever came longest ago would be worse: a few more
 * connections than contexts, taking turns, and every one of them would find its own gone.
 */
export class ContextPool {
  private readonly limit: number;
  private readonly contexts: Context[];
  /** Those of them that no one holds; the last one was used last. */
  private readonly spare: Context[];
  private random: number;

  constructor(limit: number) {
    this.limit = limit;
    this.contexts = [];
    this.spare = [];
    this.random = 1;
  }

  /** How many contexts there are. */
  get size(): number {
    return this.contexts.length;
  }

  /** Lends a context with that key, at the start of a stream. */
  lend(holder: Holder, key: number, create: () => ZlibHandle): Context {
    const context = this.reuse(key) ?? this.add(key, create());
    context.holder = holder;
    holder.context = context;
    return context;
  }

  /** Takes back what a holder has, if anything. */
  takeBack(holder: Holder): void {
    const { context } = holder;
    if (context === undefined) return;
    holder.context = undefined;
    context.holder = undefined;
    if (this.spare.length === MAX_SPARE || this.contexts.length > this.limit) this.discard(context);
    else this.spare.push(context);
  }

  /** One that is spare, or at the limit someone else's. Undefined leaves it to make a new one, for which there is room. */
  private reuse(key: number): Context | undefined {
    for (let i = this.spare.length - 1; i >= 0; i--) {
      if (this.spare[i].key === key) return restart(this.spare.splice(i, 1)[0]);
    }
    if (this.contexts.length < this.limit) return undefined;
    const context = this.spare.pop() ?? this.takeFromSomeone();
    if (context === undefined) return undefined;
    if (context.key === key) return restart(context);
    this.discard(context);
    return undefined;
  }

  private takeFromSomeone(): Context | undefined {
    // Good enough to be fair, and the same in every run (the constants are those of Numerical Recipes).
    this.random = (Math.imul(this.random, 1_664_525) + 1_013_904_223) >>> 0;
    const { length } = this.contexts;
    const first = Math.floor((this.random / 2 ** 32) * length);
    for (let i = 0; i < length; i++) {
      const context = this.contexts[(first + i) % length];
      if (context.holder!.busy) continue;
      context.holder!.context = undefined;
      return context;
    }
    return undefined;
  }

  private add(key: number, handle: ZlibHandle): Context {
    const context = { handle, key, holder: undefined };
    this.contexts.push(context);
    return context;
  }

  private discard(context: Context): void {
    this.contexts.splice(this.contexts.indexOf(context), 1);
    context.handle.close();
  }
}

function restart(context: Context): Context {
  context.handle.reset();
  return context;
}
