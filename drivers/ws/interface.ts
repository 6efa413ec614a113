import { handlerOf, setHandler } from './event-target.ts';

/** Gives the class its constants, and its members the properties that the WHATWG's have. */
export function defineInterface(type: { readonly prototype: any }, states: readonly string[]): void {
  const { prototype } = type;
  states.forEach((name, value) => {
    Object.defineProperty(type, name, { enumerable: true, value });
    Object.defineProperty(prototype, name, { enumerable: true, value });
  });
  for (const name of ['binaryType', 'bufferedAmount', 'extensions', 'isPaused', 'protocol', 'readyState', 'url']) {
    Object.defineProperty(prototype, name, { enumerable: true });
  }
  for (const event of ['open', 'error', 'close', 'message']) {
    Object.defineProperty(prototype, `on${event}`, {
      enumerable: true,
      configurable: true,
      get() {
        return handlerOf(this, event);
      },
      set(handler: unknown) {
        setHandler(this, event, handler);
      },
    });
  }
}
