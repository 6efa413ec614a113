import { type BytesLike, PreparedMessage } from '../../protocol/index.ts';
import { goesWithout, resolveSlowTimeout, type SlowConsumerOptions, untilAllTakeMore } from '../slow-consumers.ts';
import type { SendOptions, Socket } from '../socket.ts';
import { workspace } from './environment.ts';

/** How a message is sent to many. */
export interface BroadcastOptions extends SendOptions, SlowConsumerOptions {
  /**
   * What becomes of a slow consumer, one with `sendHighWater` buffered bytes or more when its turn comes:
   *
   * - `'send'`: it is sent the message like everyone else, until its `sendLimit` ends it. Default.
   * - `'skip'`: it goes without this message.
   * - `'terminate'`: its connection is ended, with a `ConnectionLostError`.
   * - `'wait'`: it is sent the message as well, and `broadcast` returns a promise that resolves when every socket takes
   *   more or has ended. Whoever awaits it goes at the pace of the slowest.
   */
  slow?: 'send' | 'skip' | 'terminate' | 'wait';
}

/**
 * Sends a message to many sockets, encoding it once, and once more for those that compress. Sockets that are not open
 * are passed over. Returns how many it was sent to. Bytes go by reference: leave them alone.
 *
 * Throws a TypeError or RangeError for what is no message and for bad options. A socket that is between the fragments of
 * another message can't take it: the InvalidStateError that tells of it is thrown when all others have got theirs.
 */
export function broadcast(
  sockets: Iterable<Socket<any>>,
  message: string | BytesLike,
  options: BroadcastOptions & { slow: 'wait' },
): Promise<number>;
export function broadcast(
  sockets: Iterable<Socket<any>>,
  message: string | BytesLike,
  options?: BroadcastOptions & { slow?: 'send' | 'skip' | 'terminate' },
): number;
export function broadcast(
  sockets: Iterable<Socket<any>>,
  message: string | BytesLike,
  options?: BroadcastOptions,
): number | Promise<number> {
  const slow = policyOf(options);
  const slowTimeout = resolveSlowTimeout(options);
  const prepared = new PreparedMessage(message, workspace);
  const waits = new Map<Socket<any>, Promise<void>>();
  let sent = 0;
  let failure: unknown;
  for (const socket of sockets) {
    if (socket.state !== 'open' || (slow !== 'send' && goesWithout(socket, socket.bufferedAmount, slow))) continue;
    try {
      const goOn = socket.sendPrepared(prepared, options);
      sent++;
      if (!goOn && slow === 'wait') waits.set(socket, new Promise((resolve) => socket.onceWritable(resolve)));
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return slow === 'wait' ? untilAllTakeMore(waits, slowTimeout).then(() => sent) : sent;
}

function policyOf(options: BroadcastOptions | undefined): 'send' | 'skip' | 'terminate' | 'wait' {
  const slow = options?.slow ?? 'send';
  if (slow === 'send' || slow === 'skip' || slow === 'terminate' || slow === 'wait') return slow;
  throw new TypeError("slow must be 'send', 'skip', 'terminate' or 'wait'");
}
