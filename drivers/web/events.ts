/** The standard's CloseEvent, which Node has as a global only from version 23 on. */
export class CloseEvent extends Event {
  readonly #wasClean: boolean;
  readonly #code: number;
  readonly #reason: string;

  constructor(type: string, init: CloseEventInit = {}) {
    super(type, init);
    this.#wasClean = Boolean(init.wasClean);
    // WebIDL: an unsigned short without [Clamp] is taken modulo 2^16.
    this.#code = new Uint16Array([init.code ?? 0])[0];
    this.#reason = init.reason === undefined ? '' : `${init.reason}`;
  }

  /** Whether the closing handshake was completed. */
  get wasClean(): boolean {
    return this.#wasClean;
  }

  /** The close code, 1006 where no Close frame came. */
  get code(): number {
    return this.#code;
  }

  /** The reason that the peer gave, or an empty string. */
  get reason(): string {
    return this.#reason;
  }
}

/** What a CloseEvent is made of. */
export interface CloseEventInit {
  /** As for every event. */
  bubbles?: boolean | undefined;
  /** As for every event. */
  cancelable?: boolean | undefined;
  /** As for every event. */
  composed?: boolean | undefined;
  /** Default false. */
  wasClean?: boolean | undefined;
  /** Default 0. */
  code?: number | undefined;
  /** Default an empty string. */
  reason?: string | undefined;
}

type Handler = ((event: any) => unknown) | null;

/**
 * The event handler IDL attributes of an EventTarget (HTML §8.1.8.1): one slot for each event. A handler takes its turn
 * among the listeners at the place where it was set; replacing it keeps that place, and null gives it up.
 */
export class EventHandlers {
  readonly #target: EventTarget;
  readonly #handlers: Map<string, object>;
  readonly #listener: (event: Event) => void;

  constructor(target: EventTarget) {
    this.#target = target;
    this.#handlers = new Map();
    this.#listener = (event) => {
      const handler = this.#handlers.get(event.type);
      // An object that can't be called is kept and does nothing: [LegacyTreatNonObjectAsNull].
      if (typeof handler === 'function') handler.call(target, event);
    };
  }

  get(type: string): Handler {
    return (this.#handlers.get(type) as Handler | undefined) ?? null;
  }

  set(type: string, handler: Handler): void {
    const isObject = typeof handler === 'function' || (typeof handler === 'object' && handler !== null);
    if (isObject) {
      // One that is registered already keeps its place.
      this.#target.addEventListener(type, this.#listener);
      this.#handlers.set(type, handler);
    } else {
      this.#target.removeEventListener(type, this.#listener);
      this.#handlers.delete(type);
    }
  }
}
