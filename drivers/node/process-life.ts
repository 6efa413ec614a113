import process from 'node:process';
import { turnQueueOf } from '../socket/turn-queue.ts';
import { holdProcess, nodeClock } from './clock.ts';

/** How many transports there are. With none nothing of this package listens to the process: its owner may count listeners. */
let transports = 0;

/** Those that are sockets and don't read. To libuv they do nothing, and a process with nothing else would end. */
const paused = new Set<object>();

/** As long as there are any, the process is held; this lets it go. */
let letGo: (() => void) | undefined;

/**
 * A transport is there. What is sent leaves at the end of a turn, and `process.exit()` ends the process before that: what its
 * last turn has sent is written then, as far as the kernel takes it at once.
 */
export function transportOpened(): void {
  if (transports++ === 0) process.on('exit', onExit);
}

/** A transport is gone for good. */
export function transportClosed(transport: object): void {
  transportResumed(transport);
  if (--transports === 0) process.off('exit', onExit);
}

/** A socket is not read for a while, since its consumer is behind. It is open as before, and keeps the process alive as before. */
export function transportPaused(transport: object): void {
  paused.add(transport);
  letGo ??= holdProcess();
}

/** It is read again. */
export function transportResumed(transport: object): void {
  if (!paused.delete(transport) || paused.size > 0) return;
  letGo?.();
  letGo = undefined;
}

function onExit(): void {
  turnQueueOf(nodeClock).exit();
}
