import type { BytesLike, PreparedMessage } from '../../protocol/index.ts';
import {
  BOOLEAN,
  byteLengthOf,
  checkOptions,
  FUNCTION,
  LIMIT,
  nameOf,
  type OptionTable,
} from '../../protocol/internal.ts';
import type { SendOptions } from './send-options.ts';
import { goesWithout, resolveSlowTimeout, SLOW, type SlowConsumerOptions, untilAllTakeMore } from './slow-consumers.ts';
import { Socket } from './socket.ts';

/** How a message is sent to many. */
export interface BroadcastOptions extends SendOptions, SlowConsumerOptions {}

/** Those of a listener's own `broadcast`. */
export interface ListenerBroadcastOptions extends SendOptions, SlowConsumerOptions {
  /** Those who go without it: the sender, say. */
  except?: Socket<any> | Iterable<Socket<any>> | undefined;
}

const BROADCAST_OPTIONS: OptionTable<BroadcastOptions> = {
  compress: BOOLEAN,
  onSent: FUNCTION,
  slow: SLOW,
  slowTimeout: LIMIT,
};

/**
 * Sends a message to many sockets, encoding it once, and once more for those that compress. Sockets that are not open
 * are passed over. Bytes go by reference: leave them alone.
 *
 * With `slow: 'wait'`, the default, it returns a promise of how many it was sent to, which resolves when all of them take
 * more or have ended, and never rejects; with any other policy it returns their number at once.
 *
 * Throws a TypeError or RangeError for what is no message and for bad options. A socket that is between the fragments of
 * another message can't take it: the InvalidStateError that tells of it is thrown when all others have got theirs. So is the
 * TypeError for what is no socket.
 */
export function broadcast(
  sockets: Iterable<Socket<any>>,
  message: string | BytesLike,
  options: BroadcastOptions & { slow: 'send' | 'skip' | 'terminate' },
): number;
export function broadcast(
  sockets: Iterable<Socket<any>>,
  message: string | BytesLike,
  options?: BroadcastOptions & { slow?: 'wait' },
): Promise<number>;
export function broadcast(
  sockets: Iterable<Socket<any>>,
  message: string | BytesLike,
  options?: BroadcastOptions,
): number | Promise<number>;
export function broadcast(
  sockets: Iterable<Socket<any>>,
  message: string | BytesLike,
  given?: BroadcastOptions,
): number | Promise<number> {
  const options = checkOptions('broadcast', BROADCAST_OPTIONS, given);
  const { slow = 'wait', compress, onSent } = options;
  const how: SendOptions = { compress, onSent };
  const slowTimeout = resolveSlowTimeout(options);
  if (typeof message !== 'string') byteLengthOf(message);
  if (typeof (sockets as Partial<Set<unknown>> | undefined)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(
      `broadcast takes Sockets to iterate over: server.connections, or a list, not ${nameOf(sockets)}`,
    );
  }
  let prepared: PreparedMessage | undefined;
  const waits = new Map<Socket<any>, Promise<void>>();
  let sent = 0;
  let failure: unknown;
  for (const socket of sockets) {
    if (typeof (socket as Partial<Socket<any>> | null)?.sendPrepared !== 'function') {
      failure ??= new TypeError('broadcast takes Sockets of the event face: a Map of them has them in its values()');
      continue;
    }
    if (socket.state !== 'open' || (slow !== 'send' && goesWithout(socket, socket.bufferedAmount, slow))) continue;
    // One of another copy of this package takes what it has encoded itself, and nothing else.
    const shares: boolean = socket instanceof Socket;
    const encoded = shares ? (prepared ??= socket.prepare(message)) : socket.prepare(message);
    try {
      const goOn = socket.sendPrepared(encoded, how);
      sent++;
      if (!goOn && slow === 'wait') waits.set(socket, new Promise((resolve) => socket.onceWritable(resolve)));
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return slow === 'wait' ? untilAllTakeMore(waits, slowTimeout).then(() => sent) : sent;
}

/** A listener's own `broadcast`: the same for all of its open connections. */
export interface ListenerBroadcast {
  (message: string | BytesLike, options: ListenerBroadcastOptions & { slow: 'send' | 'skip' | 'terminate' }): number;
  (message: string | BytesLike, options?: ListenerBroadcastOptions & { slow?: 'wait' }): Promise<number>;
  (message: string | BytesLike, options?: ListenerBroadcastOptions): number | Promise<number>;
}

/** All of these but the ones that `except` names. */
export function allBut<T extends object>(all: Iterable<T>, except: T | Iterable<T> | undefined): Iterable<T> {
  if (except === undefined) return all;
  const left = new Set<T>(Symbol.iterator in except ? except : [except]);
  return [...all].filter((one) => !left.has(one));
}
