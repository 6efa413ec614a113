import { ConnectionLostError, resolveLimit, TimeoutError } from '../protocol/index.ts';
import type { Wake } from './clock.ts';
import type { Socket } from './socket.ts';

/** Options of a broadcast about those who don't read what they are sent. */
export interface SlowConsumerOptions {
  /**
   * How long `slow: 'wait'` waits, in milliseconds; who takes nothing more by then is ended with a `TimeoutError`. Default
   * 10 s; zero or `false` waits as long as it takes.
   */
  slowTimeout?: number | false;
}

/** The default of `slowTimeout`, in milliseconds. */
const SLOW_TIMEOUT = 10_000;

/** Throws a RangeError or TypeError for what is no limit. */
export function resolveSlowTimeout(options: SlowConsumerOptions | undefined): number {
  return resolveLimit('slowTimeout', options?.slowTimeout, SLOW_TIMEOUT);
}

/** Whether a socket with so much buffered goes without a message. It is ended besides where that is the policy. */
export function goesWithout(socket: Socket<any>, bufferedAmount: number, policy: string): boolean {
  if ((policy !== 'skip' && policy !== 'terminate') || bufferedAmount < socket.sendHighWater) return false;
  if (policy === 'terminate') socket.terminate(new ConnectionLostError('it was too slow for a broadcast'));
  return true;
}

/**
 * Waits for sockets, each until its promise resolves: when it takes more, or has ended. Those whose time is up are
 * ended: a peer that reads nothing and sends a ping now and then would hold up all the others for ever.
 */
export async function untilAllTakeMore(waits: ReadonlyMap<Socket<any>, Promise<void>>, timeout: number): Promise<void> {
  const waiting = new Set(waits.keys());
  for (const { clock } of waits.keys()) {
    const deadline = clock.now() + timeout;
    let wake: Wake | undefined;
    const sleep = (): void => {
      // A clock may wake its sleepers early.
      if (clock.now() < deadline) wake = clock.wakeAt(deadline, sleep);
      else for (const socket of waiting) socket.terminate(new TimeoutError('it was too slow for a broadcast'));
    };
    if (timeout !== Infinity) sleep();
    await Promise.all([...waits].map(([socket, wait]) => wait.then(() => waiting.delete(socket))));
    wake?.cancel();
    return;
  }
}
