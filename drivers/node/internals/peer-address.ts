import { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a net.Socket keeps of its peer once it has been asked. */
type Remembering = NetSocket & { _peername?: object | undefined };

/** The newest address. Behind a proxy all peers have the same, and one string does for them. */
let latest = '';

/**
 * The address of a stream's peer, or an empty string. A net.Socket would keep an object of it from then on, in each idle connection,
 * and asks again without one; what somebody else has had it keep, it keeps.
 */
export function peerAddress(stream: Duplex): string {
  const socket = stream as Remembering;
  const isOwn = stream instanceof NetSocket && socket._peername === undefined;
  const address = socket.remoteAddress ?? '';
  // No Node has another name for it; one that had would keep the object, and that is all.
  if (isOwn && socket._peername !== undefined) socket._peername = undefined;
  if (address !== latest) latest = address;
  return latest;
}

/** Whether sockets keep it so. */
export function works(): boolean {
  return typeof (NetSocket.prototype as { _getpeername?: unknown })._getpeername === 'function';
}
