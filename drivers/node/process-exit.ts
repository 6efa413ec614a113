import process from 'node:process';
import { turnQueueOf } from '../socket/turn-queue.ts';
import { nodeClock } from './clock.ts';

/** How many transports there are. With none nothing of this package listens to the process: its owner may count listeners. */
let transports = 0;

/**
 * A transport is there. What is sent leaves at the end of a turn, and `process.exit()` ends the process before that: what its
 * last turn has sent is written then, as far as the kernel takes it at once.
 */
export function transportOpened(): void {
  if (transports++ === 0) process.on('exit', onExit);
}

/** A transport is gone for good. */
export function transportClosed(): void {
  if (--transports === 0) process.off('exit', onExit);
}

function onExit(): void {
  turnQueueOf(nodeClock).exit();
}
