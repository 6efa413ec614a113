import { nameOf } from './option-check.ts';
import { whichMethodIsMeant } from './option-names.ts';
import type { Sink } from './sink.ts';

/** Every method of a sink: a table that lacks one doesn't compile. */
const METHODS: Readonly<Record<keyof Sink, true>> = {
  ...{ onRequest: true, onPlainRequest: true, onRefused: true, onOpen: true, onText: true, onTextBytes: true },
  ...{ onBinary: true, onMessageStart: true, onMessageChunk: true, onMessageEnd: true, onPing: true, onPong: true },
  ...{ onEnding: true, onDeflated: true, onFault: true, onCloseFrame: true, onClosed: true },
};
const NAMES = Object.keys(METHODS);

/** Names that others have for them, without `on`. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['message', 'onText, and onBinary'],
  ['data', 'onBinary'],
  ['close', 'onClosed'],
  ['end', 'onClosed'],
  ['error', 'onFault, and onClosed'],
  ['upgrade', 'onRequest'],
]);

/**
 * Throws a TypeError for a method of a sink that is no function and, in a plain object, for one that is called otherwise here:
 * it would never be called. What else an object has, and all that an object of a class has, is its own.
 */
export function checkSink(of: string, sink: Partial<Sink>): void {
  const given = sink as Readonly<Record<string, unknown>>;
  for (const name of NAMES) {
    const method = given[name];
    if (method === undefined || typeof method === 'function') continue;
    throw new TypeError(`${of}: ${name} of the sink must be a function, not ${nameOf(method)}`);
  }
  const above: unknown = Object.getPrototypeOf(sink);
  if (above !== null && Object.getPrototypeOf(above) !== null) return;
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(METHODS, name) || typeof given[name] !== 'function') continue;
    const meant = whichMethodIsMeant(name, NAMES, ELSEWHERE, given);
    if (meant !== undefined) throw new TypeError(`${of}: the sink has no ${name}: ${meant}`);
  }
}
