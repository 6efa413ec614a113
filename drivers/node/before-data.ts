import type { Duplex } from 'node:stream';
import { nodeClock } from './clock.ts';

/**
 * Calls `step` before `stream` brings anything: when this turn is over, or as soon as the stream brings something, which some
 * do at once (a Duplex that was read from before, any socket in Deno). To be called before whoever takes what it brings listens.
 * Nothing is called until what is returned has been called, and nothing at all where that was not by the end of the turn.
 */
export function beforeData(stream: Duplex, step: () => void): () => void {
  let isReady = false;
  let isDone = false;
  const onData = (): void => {
    if (isReady) run();
  };
  const run = (): void => {
    if (isDone) return;
    isDone = true;
    try {
      stream.off('data', onData);
    } catch {
      // It stays, and does nothing.
    }
    if (isReady) step();
  };
  nodeClock.defer(run);
  stream.on('data', onData);
  return () => void (isReady = true);
}
