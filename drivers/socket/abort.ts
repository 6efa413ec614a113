import { HandshakeError } from '../../protocol/index.ts';
import type { Clock } from '../clock.ts';

/** Those who wait for one signal, and what listens to it for them. */
class Waiting {
  readonly callbacks: Set<() => void>;
  readonly onAbort: () => void;

  constructor(signal: AbortSignal) {
    this.callbacks = new Set();
    this.onAbort = () => {
      waitingFor.delete(signal);
      // One that is called off by what another does is not among them any more.
      for (const callback of this.callbacks) callback();
    };
    signal.addEventListener('abort', this.onAbort, { once: true });
  }
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back, once, when a signal fires that has not fired yet; returns what calls that off. A signal has one listener for all
 * who wait for it, however many: Node 20 warns of a leak at the eleventh. `callback` must not throw.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  let waiting = waitingFor.get(signal);
  if (waiting === undefined) {
    waiting = new Waiting(signal);
    waitingFor.set(signal, waiting);
  }
  const { callbacks, onAbort } = waiting;
  callbacks.add(callback);
  return () => {
    if (!callbacks.delete(callback) || callbacks.size > 0) return;
    signal.removeEventListener('abort', onAbort);
    waitingFor.delete(signal);
  };
}

/** Why it fired. A getter of the application's own that throws has said so with that. */
export function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason;
  } catch (error) {
    return error;
  }
}

/** Gives up a socket's opening handshake when the signal fires. Returns what calls that off, if it may yet be. */
export function giveUpOn(
  signal: AbortSignal,
  socket: { readonly clock: Clock; terminate(error: HandshakeError): void },
): (() => void) | undefined {
  const giveUp = (): void => {
    socket.terminate(
      new HandshakeError('the opening handshake was aborted', { cause: reasonOf(signal), kind: 'aborted' }),
    );
  };
  if (!signal.aborted) return whenAborted(signal, giveUp);
  socket.clock.defer(giveUp);
  return undefined;
}
