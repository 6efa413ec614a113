import { checkMethodNames, checkMethods, type MethodTable } from './method-names.ts';
import type { Sink } from './sink.ts';

/** Every method of a sink: a table that lacks one doesn't compile. */
const METHODS: Readonly<Record<keyof Sink, true>> = {
  ...{ onRequest: true, onPlainRequest: true, onRefused: true, onOpen: true, onText: true, onTextBytes: true },
  ...{ onBinary: true, onMessageStart: true, onMessageChunk: true, onMessageEnd: true, onPing: true, onPong: true },
  ...{ onEnding: true, onDeflated: true, onFault: true, onCloseFrame: true, onClosed: true },
};

const TABLE: MethodTable = {
  known: 'the sink’s',
  unknown: 'the sink has no',
  names: Object.keys(METHODS),
  elsewhere: new Map([
    ['message', 'onText, and onBinary'],
    ['data', 'onBinary'],
    ['close', 'onClosed'],
    ['end', 'onClosed'],
    ['error', 'onFault, and onClosed'],
    ['upgrade', 'onRequest'],
  ]),
};

/**
 * Throws a TypeError for a method of a sink that is no function and, in a plain object, for one that is called otherwise here: all
 * that an object of a class has is its own.
 */
export function checkSink(of: string, sink: Partial<Sink>): void {
  checkMethods(of, TABLE, sink);
  const above: unknown = Object.getPrototypeOf(sink);
  if (above === null || Object.getPrototypeOf(above) === null) checkMethodNames(of, TABLE, sink);
}
