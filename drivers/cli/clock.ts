import type { Duplex } from 'node:stream';

/** Time as the command needs it. Unlike a driver's timers, these keep the process alive: somebody waits for them. */

export const now = (): number => performance.now();

/** Resolves after so many milliseconds, or at once when the signal fires. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (signal?.aborted) done();
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** What the promise comes to, or undefined when it takes longer. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const end = new AbortController();
  const late = sleep(milliseconds, end.signal).then(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    end.abort();
  }
}

/** Calls back after so many milliseconds, however much the stream has brought by then, unless it has closed. */
export function atDeadline(milliseconds: number, stream: Duplex, late: () => void): void {
  const timer = setTimeout(late, milliseconds);
  stream.once('close', () => clearTimeout(timer));
}

/** Calls back every so many milliseconds, until what it returns is called. */
export function every(milliseconds: number, callback: () => void): () => void {
  const timer = setInterval(callback, milliseconds);
  return () => clearInterval(timer);
}
