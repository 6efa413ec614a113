import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** An asynchronous context, and whether it is nobody's in particular. */
export interface CurrentContext {
  readonly context: AsyncResource;
  readonly isContextShared: boolean;
}

/** What every resource has of its own, whether or not anybody uses an AsyncLocalStorage. */
const IDS: ReadonlySet<string | undefined> = new Set(['async_id_symbol', 'trigger_async_id_symbol']);

const RESOURCE_OPTIONS = { requireManualDestroy: true };

/**
 * A context that connections share. Up to Node 22 what a callback enters with `enterWith` stays in the resource that it runs in, and
 * would be everybody's: it is taken out again.
 */
class SharedContext extends AsyncResource {
  /** What each AsyncLocalStorage that was ever entered here is to have here. */
  readonly #stores: Map<symbol, unknown>;
  /** How many calls are under way, one within the other. */
  #depth: number;

  constructor() {
    super('sansocket', RESOURCE_OPTIONS);
    const fields = this as unknown as Record<symbol, unknown>;
    const symbols = Object.getOwnPropertySymbols(this).filter(({ description }) => !IDS.has(description));
    this.#stores = new Map(symbols.map((symbol) => [symbol, fields[symbol]]));
    this.#depth = 0;
  }

  static {
    // To go through all symbols after each call would cost more than the call. A property that an object has not got is asked for
    // and set by way of its prototypes: there it is seen that one comes.
    const watched = new Proxy(AsyncResource.prototype, {
      set(target, key, value, receiver) {
        // Not in the constructor of the parent, where it is none yet.
        if (typeof key === 'symbol' && #stores in receiver) receiver.#stores.set(key, undefined);
        return Reflect.set(target, key, value, receiver);
      },
    });
    Object.setPrototypeOf(SharedContext.prototype, watched);
  }

  override runInAsyncScope<This, Result>(
    call: (this: This, ...given: any[]) => Result,
    self?: This,
    ...given: any[]
  ): Result {
    this.#depth++;
    try {
      // Not by `super`, which would be the Proxy.
      const { runInAsyncScope } = AsyncResource.prototype;
      return runInAsyncScope.call(this, call as (...given: any[]) => Result, self, ...given) as Result;
    } finally {
      if (--this.#depth === 0) this.#restore();
    }
  }

  #restore(): void {
    if (this.#stores.size === 0) return;
    const fields = this as unknown as Record<symbol, unknown>;
    for (const [symbol, store] of this.#stores) {
      if (fields[symbol] !== store) fields[symbol] = store;
    }
  }
}

/** The context in which this module was loaded: none, as a rule. It must not be anybody's. */
const root: CurrentContext = { context: new SharedContext(), isContextShared: true };

const canTell = works();

/**
 * The context in which a connection is made: its callbacks are to run there, whatever timer, turn, queue or session of
 * others' they come from. Where nobody uses an AsyncLocalStorage it is one for all, and takes no memory.
 */
export function currentContext(): CurrentContext {
  const context = makeResource();
  return canTell && !hasStore(context) ? root : { context, isContextShared: false };
}

/** The same for connections that are all made in one context, which they share. */
export function currentContextOfMany(): CurrentContext {
  const current = currentContext();
  return current === root ? root : { context: new SharedContext(), isContextShared: false };
}

/** Calls this in the context that is shared, whosever it is called from. */
export function inSharedContext<T, A>(step: (this: T, a: A) => void, self: T, a: A): void {
  root.context.runInAsyncScope(step, self, a);
}

function makeResource(): AsyncResource {
  return new AsyncResource('sansocket', RESOURCE_OPTIONS);
}

/** Up to Node 22 a resource has a property for each AsyncLocalStorage in use, from 24 on one for all, or undefined. */
function hasStore(resource: AsyncResource): boolean {
  const fields = resource as unknown as Record<symbol, unknown>;
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    if (fields[symbol] !== undefined && !IDS.has(symbol.description)) return true;
  }
  return false;
}

/** Whether that is so. Otherwise every connection has a context of its own. */
export function works(): boolean {
  const storage: AsyncLocalStorage<number> & { readonly kResourceStore?: unknown } = new AsyncLocalStorage<number>();
  // Up to Node 22 it has the name of its property here. Trying it out would hook into promises, and V8 optimizes what is
  // done with them no more, for as long as the process lives, once anybody has.
  if (typeof storage.kResourceStore === 'symbol') return true;
  const isSeen = storage.run(1, () => hasStore(makeResource()));
  storage.disable();
  return isSeen;
}
