/** Calls back in a later turn of the event loop, when every promise that can settle by itself has settled. */
export type NextTurn = (callback: () => void) => void;

/** What a turn may be made of: the parts of globalThis that runtimes differ in. */
export interface NextTurnGlobals {
  setImmediate?: (callback: () => void) => unknown;
  MessageChannel?: new () => { port1: Port; port2: Port };
  setTimeout?: (callback: () => void, delay: number) => unknown;
  clearTimeout?: (timer: unknown) => void;
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  /** Node: whether this port keeps the process alive. */
  ref?(): void;
  unref?(): void;
}

/** How many links of a promise chain settle in one turn where the runtime has nothing but promises. */
const MICROTASKS = 256;

/**
 * The best turn that a runtime has. Its functions are taken now, so that a test framework that replaces them later (fake
 * timers) does not stop the network. What is replaced already is passed over.
 */
export function makeNextTurn(globals: NextTurnGlobals): NextTurn {
  const { setImmediate, MessageChannel, setTimeout } = globals;
  if (isReal(setImmediate)) return (callback) => void setImmediate(callback);
  if (typeof MessageChannel === 'function') return overMessages(MessageChannel);
  if (isReal(setTimeout)) return (callback) => void setTimeout(callback, 0);
  return overPromises;
}

export const nextTurn: NextTurn = makeNextTurn(globalThis as unknown as NextTurnGlobals);

/**
 * Whether this is the runtime's own: those of Jest, Vitest and Sinon have a `clock`, those of `node:test` are bound, Jest's of old
 * are mocks.
 */
function isReal<T extends (...args: never[]) => unknown>(timer: T | undefined): timer is T {
  if (typeof timer !== 'function') return false;
  return !('clock' in timer || '_isMockFunction' in timer || timer.name.startsWith('bound '));
}

/** Calls back after so many milliseconds of real time, where a timer can be had that keeps no process alive. */
export type Later = (callback: () => void, delay: number) => void;

export function makeLater({ setTimeout, clearTimeout }: NextTurnGlobals): Later {
  return (callback, delay) => {
    const timer = setTimeout?.(callback, delay) as { unref?(): void } | undefined;
    if (timer?.unref !== undefined) timer.unref();
    else clearTimeout?.(timer);
  };
}

export const later: Later = makeLater(globalThis as unknown as NextTurnGlobals);

/** A message to oneself: a browser's only turn without the 4 ms that it adds to nested timeouts. */
function overMessages(MessageChannel: NonNullable<NextTurnGlobals['MessageChannel']>): NextTurn {
  let ports: { port1: Port; port2: Port } | undefined;
  const callbacks: (() => void)[] = [];
  return (callback) => {
    if (ports === undefined) {
      const { port1 } = (ports = new MessageChannel());
      port1.onmessage = () => {
        const next = callbacks.shift();
        if (callbacks.length === 0) port1.unref?.();
        next?.();
      };
    }
    callbacks.push(callback);
    ports.port1.ref?.();
    ports.port2.postMessage(0);
  };
}

function overPromises(callback: () => void): void {
  let turns = MICROTASKS;
  const wait = (): void => {
    if (turns-- > 0) void Promise.resolve().then(wait);
    else callback();
  };
  wait();
}
