/** What the command exits with: scripts rely on it. */
export const Exit = {
  OK: 0,
  /** It was found broken, failed a case, or ended otherwise than it should. */
  FAILED: 1,
  /** The command line was wrong. */
  USAGE: 2,
  /** The peer could not be reached, or the port not be had. */
  UNREACHABLE: 3,
} as const;

export type Exit = (typeof Exit)[keyof typeof Exit];

/** What the user wrote can't be done. */
export class UsageError extends Error {}

/** Aborts at the first Ctrl-C (or SIGTERM): what is under way ends with what it has. A second one ends the process. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}

/** Resolves when the signal fires. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
