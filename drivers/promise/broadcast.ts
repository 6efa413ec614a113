import { goesWithout, resolveSlowTimeout, type SlowConsumerOptions, untilAllTakeMore } from '../slow-consumers.ts';
import type { Socket } from '../socket.ts';
import { isData, notData, type Data } from './data.ts';
import { ignore } from './deferred.ts';
import { SENT } from './outbound.ts';
import { sessionOf, type WebSocket } from './websocket.ts';

/** How a message is sent to many. */
export interface BroadcastOptions extends SlowConsumerOptions {
  /** `false` keeps it from being compressed where compression was agreed on. */
  compress?: boolean;
  /**
   * What becomes of a slow consumer, one with `sendHighWater` buffered bytes or more when its turn comes:
   *
   * - `'wait'`: it is sent the message as well, and whoever awaits the broadcast goes at the pace of the slowest. Default.
   * - `'skip'`: it goes without this message, and nobody waits.
   * - `'terminate'`: its connection is ended with a `ConnectionLostError`, and nobody waits.
   */
  slow?: 'wait' | 'skip' | 'terminate';
}

/**
 * Sends a message to many connections, a server's `connections` say, encoding it once, and once more for those that
 * compress. Those that are not open are passed over, and one that ends meanwhile is nobody's failure.
 *
 * Resolves to how many it was sent to: with `slow: 'wait'` when all of them take more or have ended, otherwise at once.
 * Bytes are not copied: leave them alone until then, and with the other policies for good. Rejects with a TypeError or
 * RangeError for what is no message and for bad options, and nothing is sent then.
 */
export async function broadcast(
  webSockets: Iterable<WebSocket>,
  message: Data,
  options: BroadcastOptions = {},
): Promise<number> {
  const { slow = 'wait' } = options;
  if (!isData(message)) throw notData(message, 'a string or bytes as a message');
  if (slow !== 'wait' && slow !== 'skip' && slow !== 'terminate') {
    throw new TypeError("slow must be 'wait', 'skip' or 'terminate'");
  }
  const slowTimeout = resolveSlowTimeout(options);
  const sessions = [...webSockets].map(sessionOf).filter(({ socket }) => socket.state === 'open');
  const prepared = sessions[0]?.socket.prepare(message);
  const waits = new Map<Socket<any>, Promise<void>>();
  let sent = 0;
  for (const { socket, outbound, webSocket } of sessions) {
    if (goesWithout(socket, webSocket.bufferedAmount, slow)) continue;
    const sending = outbound.sendPrepared(prepared!, options);
    sent++;
    // That the connection ends first is told to whoever uses it.
    if (sending !== SENT) waits.set(socket, sending.catch(ignore));
  }
  if (slow === 'wait') await untilAllTakeMore(waits, slowTimeout);
  return sent;
}
