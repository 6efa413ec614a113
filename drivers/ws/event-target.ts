import type { EventEmitter } from 'node:events';

/** What a listener of `addEventListener` was given as, on the listener of the emitter that stands for it. */
const HANDLER = Symbol('handler');
const IS_ATTRIBUTE = Symbol('is an attribute');

type Handler = ((event: Event) => void) | { handleEvent(event: Event): void };
type Wrapper = ((...args: any[]) => void) & { [HANDLER]?: Handler; [IS_ATTRIBUTE]?: boolean };

/** An event as listeners of `addEventListener` and handlers such as `onmessage` get it. */
export class Event {
  readonly #type: string;
  #target: unknown;

  constructor(type: string) {
    this.#type = type;
    this.#target = null;
  }

  get type(): string {
    return this.#type;
  }

  /** The WebSocket that it happened to. */
  get target(): unknown {
    return this.#target;
  }

  /** @internal It happens to this one. */
  static happenTo<E extends Event>(event: E, target: unknown): E {
    event.#target = target;
    return event;
  }
}

/** What `new CloseEvent` takes. */
export interface CloseEventInit {
  code?: number | undefined;
  reason?: string | undefined;
  wasClean?: boolean | undefined;
}

/** The end of the connection. */
export class CloseEvent extends Event {
  readonly #init: CloseEventInit;

  constructor(type: string, init: CloseEventInit = {}) {
    super(type);
    this.#init = init;
  }

  /** The received close code; 1005 for a Close frame without one, 1006 when none was received. */
  get code(): number {
    return this.#init.code ?? 0;
  }

  get reason(): string {
    return this.#init.reason ?? '';
  }

  /** Whether a Close frame went each way. */
  get wasClean(): boolean {
    return this.#init.wasClean ?? false;
  }
}

/** What `new ErrorEvent` takes. */
export interface ErrorEventInit {
  error?: unknown | undefined;
  message?: string | undefined;
}

/** Something went wrong. */
export class ErrorEvent extends Event {
  readonly #init: ErrorEventInit;

  constructor(type: string, init: ErrorEventInit = {}) {
    super(type);
    this.#init = init;
  }

  get error(): unknown {
    return this.#init.error === undefined ? null : this.#init.error;
  }

  get message(): string {
    return this.#init.message ?? '';
  }
}

/** What `new MessageEvent` takes. */
export interface MessageEventInit {
  data?: unknown | undefined;
}

/** A message: a string for TEXT, what `binaryType` says for BINARY. */
export class MessageEvent extends Event {
  readonly #data: unknown;

  constructor(type: string, init: MessageEventInit = {}) {
    super(type);
    this.#data = init.data === undefined ? null : init.data;
  }

  get data(): any {
    return this.#data;
  }
}

for (const [type, names] of [
  [Event, ['type', 'target']],
  [CloseEvent, ['code', 'reason', 'wasClean']],
  [ErrorEvent, ['error', 'message']],
  [MessageEvent, ['data']],
] as const) {
  for (const name of names) Object.defineProperty(type.prototype, name, { enumerable: true });
}

/** What a WebSocket knows of its Close frames. */
interface Closed {
  readonly _closeFrameReceived: boolean;
  readonly _closeFrameSent: boolean;
}

/** Makes an event of what a listener of the emitter is given, by the events that there are listeners for. */
const MAKERS: Readonly<Record<string, (target: any, ...args: any[]) => Event>> = {
  open: () => new Event('open'),
  message: (_, data: { toString(): string }, isBinary: boolean) =>
    new MessageEvent('message', { data: isBinary ? data : data.toString() }),
  error: (_, error: Error) => new ErrorEvent('error', { error, message: error.message }),
  close: (target: Closed, code: number, reason: Buffer) =>
    new CloseEvent('close', {
      code,
      reason: reason.toString(),
      wasClean: target._closeFrameReceived && target._closeFrameSent,
    }),
};

/** What `addEventListener` takes besides. */
export interface ListenerOptions {
  once?: boolean | undefined;
}

/** Has `handler` called with an event object for each event of this type. The same one is added once. */
export function addEventListener(
  emitter: EventEmitter,
  type: string,
  handler: Handler,
  options: ListenerOptions = {},
): void {
  if (Object.hasOwn(MAKERS, type) && find(emitter, type, handler) === undefined) {
    add(emitter, type, handler, options.once === true, false);
  }
}

export function removeEventListener(emitter: EventEmitter, type: string, handler: Handler): void {
  const wrapper = find(emitter, type, handler);
  if (wrapper !== undefined) emitter.removeListener(type, wrapper);
}

/** The handler that `onopen` and the like have, or null. */
export function handlerOf(emitter: EventEmitter, type: string): Handler | null {
  return attributeOf(emitter, type)?.[HANDLER] ?? null;
}

export function setHandler(emitter: EventEmitter, type: string, handler: unknown): void {
  const before = attributeOf(emitter, type);
  if (before !== undefined) emitter.removeListener(type, before);
  if (typeof handler === 'function') add(emitter, type, handler as Handler, false, true);
}

function add(emitter: EventEmitter, type: string, handler: Handler, once: boolean, isAttribute: boolean): void {
  const wrapper: Wrapper = function (this: unknown, ...args: unknown[]) {
    const event = Event.happenTo(MAKERS[type](this, ...args), this);
    if (typeof handler === 'function') handler.call(this as never, event);
    else handler.handleEvent(event);
  };
  wrapper[HANDLER] = handler;
  wrapper[IS_ATTRIBUTE] = isAttribute;
  if (once) emitter.once(type, wrapper);
  else emitter.on(type, wrapper);
}

function find(emitter: EventEmitter, type: string, handler: Handler): Wrapper | undefined {
  return listenersOf(emitter, type).find((one) => one[HANDLER] === handler && !one[IS_ATTRIBUTE]);
}

function attributeOf(emitter: EventEmitter, type: string): Wrapper | undefined {
  return listenersOf(emitter, type).find((one) => one[IS_ATTRIBUTE]);
}

function listenersOf(emitter: EventEmitter, type: string): Wrapper[] {
  return emitter.listeners(type) as Wrapper[];
}
