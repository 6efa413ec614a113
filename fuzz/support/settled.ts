import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long is waited, in milliseconds, and what a turn of the event loop counts at the most. */
const PATIENCE = 20_000;
const LONGEST_TURN = 50;

/** Waits until it is so, or for long. A process that was stopped for a while has not waited meanwhile. */
export async function settled(isSo: () => boolean): Promise<void> {
  let now = performance.now();
  for (let waited = 0; !isSo() && waited < PATIENCE;) {
    await nextTurn();
    const before = now;
    now = performance.now();
    waited += Math.min(now - before, LONGEST_TURN);
  }
}
