/** Calls back in a later turn of the event loop, when every promise that can settle by itself has settled. */
export type Turn = (callback: () => void) => void;

/** What a turn may be made of: the parts of globalThis that runtimes differ in. */
export interface TurnGlobals {
  setImmediate?: (callback: () => void) => unknown;
  MessageChannel?: new () => { port1: Port; port2: Port };
  setTimeout?: (callback: () => void, delay: number) => unknown;
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
 * timers) does not stop the network.
 */
export function makeTurn(globals: TurnGlobals): Turn {
  const { setImmediate, MessageChannel, setTimeout } = globals;
  if (typeof setImmediate === 'function') return (callback) => void setImmediate(callback);
  if (typeof MessageChannel === 'function') return overMessages(MessageChannel);
  if (typeof setTimeout === 'function') return (callback) => void setTimeout(callback, 0);
  return overPromises;
}

export const nextTurn: Turn = makeTurn(globalThis as unknown as TurnGlobals);

/** A message to oneself: a browser's only turn without the 4 ms that it adds to nested timeouts. */
function overMessages(MessageChannel: NonNullable<TurnGlobals['MessageChannel']>): Turn {
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
