import process from 'node:process';
import { setImmediate } from 'node:timers';

const node: typeof process = process.getBuiltinModule?.('node:process') ?? process;

/** Node's own: test frameworks put another in its place, which holds back what it is given. */
export const nextTick: typeof process.nextTick = node.nextTick.bind(node);

/** Calls back in a later turn of the event loop: where `allowSynchronousEvents` is off, events come one a turn. */
export function inLaterTurn(callback: () => void): void {
  setImmediate(callback);
}
