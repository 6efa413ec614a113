import type { ZlibHandle } from './zlib-codec-handle.ts';

/** Contexts that no one holds are kept for the next one, so many: making one costs more than a small message. */
const MAX_SPARE = 2;

/** Who a context is lent to. */
export interface Holder {
  /** What it holds, if the pool has not taken it back. */
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
  /** The turn it was last used in, on the pool's count. */
  lastUsed: number;
}

/**
 * zlib's contexts, shared by all connections: no more than `limit` of them, whoever used one longest ago losing it to
 * the next. Only holders in the middle of a message make it exceed the limit, and only until they are through.
 */
export class ContextPool {
  private readonly limit: number;
  private readonly contexts: Context[];
  /** Those of them that no one holds; the last one was used last. */
  private readonly spare: Context[];
  private turns: number;

  constructor(limit: number) {
    this.limit = limit;
    this.contexts = [];
    this.spare = [];
    this.turns = 0;
  }

  /** How many contexts there are. */
  get size(): number {
    return this.contexts.length;
  }

  /** The holder's context, marked as used. Undefined when it has none: then `lend` it one. */
  held(holder: Holder): Context | undefined {
    const { context } = holder;
    if (context !== undefined) context.lastUsed = ++this.turns;
    return context;
  }

  /** Lends a context with that key, at the start of a stream. */
  lend(holder: Holder, key: number, create: () => ZlibHandle): Context {
    const context = this.reuse(key) ?? { handle: create(), key, holder: undefined, lastUsed: 0 };
    if (context.lastUsed === 0) this.contexts.push(context);
    else context.handle.reset();
    context.holder = holder;
    context.lastUsed = ++this.turns;
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

  /** A spare one with that key; at the limit, the one used longest ago if it has that key, else room for a new one. */
  private reuse(key: number): Context | undefined {
    for (let i = this.spare.length - 1; i >= 0; i--) {
      if (this.spare[i].key === key) return this.spare.splice(i, 1)[0];
    }
    if (this.contexts.length < this.limit) return undefined;
    const oldest = this.spare.shift() ?? this.leastRecent();
    if (oldest === undefined) return undefined;
    if (oldest.holder !== undefined) oldest.holder.context = undefined;
    if (oldest.key === key) return oldest;
    this.discard(oldest);
    return undefined;
  }

  private leastRecent(): Context | undefined {
    let oldest: Context | undefined;
    for (const context of this.contexts) {
      if (!context.holder!.busy && (oldest === undefined || context.lastUsed < oldest.lastUsed)) oldest = context;
    }
    return oldest;
  }

  private discard(context: Context): void {
    this.contexts.splice(this.contexts.indexOf(context), 1);
    context.handle.close();
  }
}
