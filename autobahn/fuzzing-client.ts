import type { Case } from './case.ts';
import { CaseRun } from './run.ts';
import type { Outcome } from './run.ts';
import { TcpWire, connect, realTiming } from './tcp.ts';
import type { Target } from './tcp.ts';

export interface FuzzingClientOptions {
  readonly target: Target;
  readonly cases: readonly Case[];
  /** How many cases run at once. Default 1, as in the official suite. */
  readonly parallel?: number;
  /** What deadlines are multiplied by. Default 1. */
  readonly patience?: number;
  readonly onOutcome: (outcome: Outcome) => void;
  /** Ends it: no further case begins, and what is under way counts for nothing. */
  readonly signal?: AbortSignal;
}

/**
 * Runs cases against a server that echoes messages. Resolves when all are over; rejects when the server can't be
 * connected to any more.
 */
export async function runFuzzingClient(options: FuzzingClientOptions): Promise<void> {
  const { target, cases, parallel = 1, patience, onOutcome, signal } = options;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < cases.length && !signal?.aborted) {
      const outcome = await runOne(target, cases[next++]!, patience, signal);
      if (!signal?.aborted) onOutcome(outcome);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, cases.length) }, worker));
}

async function runOne(
  target: Target,
  test: Case,
  patience: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const socket = await connect(target);
  return new Promise((finish) => {
    const { host, resource } = target;
    const abort = (): void => void socket.destroy();
    signal?.addEventListener('abort', abort);
    const resolve = (outcome: Outcome): void => {
      signal?.removeEventListener('abort', abort);
      finish(outcome);
    };
    const run = new CaseRun(test, { role: 'client', timing: realTiming, patience, host, resource, done: resolve });
    run.start(new TcpWire(socket, run));
  });
}
