import { ConnectionLostError, TimeoutError } from '../../protocol/index.ts';
import { oneOf, type OptionKind, resolveLimit } from '../../protocol/internal.ts';
import { wakeAtDeadline } from '../clock.ts';
import type { Socket } from './socket.ts';

/** Options of a broadcast about those who don't read what they are sent. */
export interface SlowConsumerOptions {
  /**
   * What becomes of a slow consumer, one with `sendHighWater` buffered bytes or more when its turn comes:
   *
   * - `'wait'`: it is sent the message as well, and whoever awaits the broadcast goes at the pace of the slowest, for as long
   *   as `slowTimeout` lets that take. Default.
   * - `'send'`: it is sent the message as well, until its `sendLimit` ends it, and nobody waits.
   * - `'skip'`: it goes without this message, and nobody waits.
   * - `'terminate'`: its connection is ended with a `ConnectionLostError`, and nobody waits.
   */
  slow?: 'wait' | 'send' | 'skip' | 'terminate' | undefined;
  /**
   * How long `slow: 'wait'` waits, in milliseconds; who takes nothing more by then is ended with a `TimeoutError`. Default
   * 10 s; zero or `false` waits as long as it takes.
   */
  slowTimeout?: number | false | undefined;
}

/** What `slow` may be. */
export const SLOW: OptionKind = oneOf('wait', 'send', 'skip', 'terminate');

/** The default of `slowTimeout`, in milliseconds. */
const SLOW_TIMEOUT = 10_000;

/** Throws a RangeError or TypeError for what is no limit. */
export function resolveSlowTimeout(options: SlowConsumerOptions | undefined): number {
  return resolveLimit('slowTimeout', options?.slowTimeout, SLOW_TIMEOUT);
}

/** Whether a socket with so much buffered goes without a message. It is ended besides where that is the policy. */
export function goesWithout(socket: Socket<any>, bufferedAmount: number, policy: string): boolean {
  if ((policy !== 'skip' && policy !== 'terminate') || bufferedAmount < socket.sendHighWater) return false;
  socket.observer?.onDrop(socket, 'slow');
  if (policy === 'terminate')
    socket.terminate(new ConnectionLostError('it was too slow for a broadcast', { kind: 'too-slow' }));
  return true;
}

/**
 * Waits for sockets, each until its promise resolves: when it takes more, or has ended. Those whose time is up are
 * ended: a peer that reads nothing and sends a ping now and then would hold up all the others for ever.
 */
export async function untilAllTakeMore(waits: ReadonlyMap<Socket<any>, Promise<void>>, timeout: number): Promise<void> {
  const [first] = waits.keys();
  if (first === undefined) return;
  const waiting = new Set(waits.keys());
  const end = (): void => {
    const text = `it was too slow for a broadcast: nothing left within ${timeout} ms (slowTimeout)`;
    const timer = { option: 'slowTimeout', value: timeout } as const;
    for (const socket of waiting) socket.terminate(new TimeoutError(text, { kind: 'slow-timeout', timer }));
  };
  // Any connection's clock will do: they are all the driver's.
  const { clock } = first;
  const wake = wakeAtDeadline(clock, clock.now() + timeout, end, 'broadcast');
  await Promise.all([...waits].map(([socket, wait]) => wait.then(() => waiting.delete(socket))));
  wake.cancel();
}
