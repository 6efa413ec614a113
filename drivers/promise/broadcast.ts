import { BOOLEAN, checkOptions, LIMIT, type OptionTable } from '../../protocol/internal.ts';
import {
  goesWithout,
  resolveSlowTimeout,
  SLOW,
  type SlowConsumerOptions,
  untilAllTakeMore,
} from '../socket/slow-consumers.ts';
import { each } from '../socket/guard.ts';
import type { Socket } from '../socket/socket.ts';
import { isData, notData, type Data } from './data.ts';
import { ignore } from './deferred.ts';
import { SENT } from './outbound.ts';
import { sessionOf, type WebSocket } from './websocket.ts';

/** How a message is sent to many. */
export interface BroadcastOptions extends SlowConsumerOptions {
  /** `false` keeps it from being compressed where compression was agreed on. */
  compress?: boolean | undefined;
}

const BROADCAST_OPTIONS: OptionTable<BroadcastOptions> = {
  compress: BOOLEAN,
  slow: SLOW,
  slowTimeout: LIMIT,
};

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
  given?: BroadcastOptions,
): Promise<number> {
  const options = checkOptions('broadcast', BROADCAST_OPTIONS, given);
  const { slow = 'wait' } = options;
  if (typeof webSockets?.[Symbol.iterator] !== 'function') {
    throw new TypeError('broadcast takes WebSockets first: the connections of a server (server.connections), say');
  }
  if (!isData(message)) throw notData(message, 'a string or bytes as a message');
  const slowTimeout = resolveSlowTimeout(options);
  const sessions = [...webSockets].map(sessionOf).filter(({ socket }) => socket.state === 'open');
  const prepared = sessions[0]?.socket.prepare(message);
  const waits = new Map<Socket<any>, Promise<void>>();
  let sent = 0;
  each(sessions, (session) => {
    const { socket, webSocket } = session;
    if (goesWithout(socket, webSocket.bufferedAmount, slow)) return;
    const sending = session.sendPrepared(prepared!, options);
    sent++;
    // That the connection ends first is told to whoever uses it.
    if (sending !== SENT) waits.set(socket, sending.catch(ignore));
  });
  if (slow === 'wait') await untilAllTakeMore(waits, slowTimeout);
  return sent;
}
