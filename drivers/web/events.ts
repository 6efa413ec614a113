/** The standard's CloseEvent, which Node has as a global only from version 23 on. */
export class CloseEvent extends Event {
  /** Whether the closing handshake was completed. */
  readonly wasClean: boolean;
  readonly code: number;
  readonly reason: string;

  constructor(type: string, init: { wasClean?: boolean; code?: number; reason?: string } = {}) {
    super(type);
    this.wasClean = init.wasClean ?? false;
    this.code = init.code ?? 0;
    this.reason = init.reason ?? '';
  }
}

type Listener = ((event: any) => unknown) | null;

/**
 * The event handler IDL attributes of an EventTarget (HTML §8.1.8.1): one slot for each event. A handler takes its turn
 * among the listeners at the place where the first one was set.
 */
export class EventHandlers {
  readonly #target: EventTarget;
  readonly #handlers: Map<string, Listener>;

  constructor(target: EventTarget) {
    this.#target = target;
    this.#handlers = new Map();
  }

  get(type: string): Listener {
    return this.#handlers.get(type) ?? null;
  }

  set(type: string, handler: Listener): void {
    if (!this.#handlers.has(type)) {
      this.#target.addEventListener(type, (event) => this.#handlers.get(type)?.call(this.#target, event));
    }
    // What is no function is treated as null.
    this.#handlers.set(type, typeof handler === 'function' ? handler : null);
  }
}
