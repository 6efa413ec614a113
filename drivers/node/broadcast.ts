import { type BytesLike, PreparedMessage } from '../../protocol/index.ts';
import type { SendOptions, Socket } from '../socket.ts';
import { workspace } from './environment.ts';

/**
 * Sends a message to many sockets, encoding it once, and once more for those that compress. Sockets that are not open
 * are passed over. Throws a TypeError for what is no message.
 */
export function broadcast(sockets: Iterable<Socket<any>>, message: string | BytesLike, options?: SendOptions): void {
  const prepared = new PreparedMessage(message, workspace);
  for (const socket of sockets) socket.sendPrepared(prepared, options);
}
