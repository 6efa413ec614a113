import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';
import type { CloseInfo, FrameTrace } from '../../protocol/index.ts';
import type { Observer } from '../observer.ts';
import type { Socket } from '../socket.ts';

/** What is published on `sansocket:handshake` and `sansocket:open`. */
export interface SocketMessage {
  readonly socket: Socket;
}

/** What is published on `sansocket:message:received` and `sansocket:message:sent`. Never the message itself. */
export interface MessageMessage extends SocketMessage {
  readonly kind: 'text' | 'binary';
  /** Bytes of payload. */
  readonly size: number;
}

/** What is published on `sansocket:close`. */
export interface CloseMessage extends SocketMessage {
  readonly info: CloseInfo;
}

/** What is published on `sansocket:error`: something that a handler threw. */
export interface ErrorMessage extends SocketMessage {
  readonly error: unknown;
}

const handshake = channel('sansocket:handshake');
const open = channel('sansocket:open');
const received = channel('sansocket:message:received');
const sent = channel('sansocket:message:sent');
const close = channel('sansocket:close');
const failed = channel('sansocket:error');

/** Publishes what happens to sockets on node:diagnostics_channel. A channel that nobody listens to costs a look. */
export const diagnostics: Observer = {
  onHandshake: (socket) => {
    if (handshake.hasSubscribers) handshake.publish({ socket } satisfies SocketMessage);
  },
  onOpen: (socket) => {
    if (open.hasSubscribers) open.publish({ socket } satisfies SocketMessage);
  },
  onMessage: (socket, message, isSent) => {
    const target = isSent ? sent : received;
    if (!target.hasSubscribers) return;
    const isText = typeof message === 'string';
    const size = isText ? Buffer.byteLength(message) : message.length;
    target.publish({ socket, kind: isText ? 'text' : 'binary', size } satisfies MessageMessage);
  },
  onClose: (socket, info) => {
    if (close.hasSubscribers) close.publish({ socket, info } satisfies CloseMessage);
  },
  onError: (socket, error) => {
    if (failed.hasSubscribers) failed.publish({ socket, error } satisfies ErrorMessage);
  },
};

const log = debuglog('sansocket');

const NAMES: Readonly<Record<number, string>> = {
  0: 'CONTINUATION',
  1: 'TEXT',
  2: 'BINARY',
  8: 'CLOSE',
  9: 'PING',
  10: 'PONG',
};

let connections = 0;

/** With NODE_DEBUG=sansocket, a line on stderr for each frame of a connection: its kind and length, never its payload. */
export function frameTrace(isServer: boolean): FrameTrace | undefined {
  if (!log.enabled) return undefined;
  const name = `${isServer ? 'server' : 'client'} ${++connections}`;
  return ({ sent: isSent, opcode, fin, rsv1, length }) => {
    const flags = (fin ? ' FIN' : '') + (rsv1 ? ' RSV1' : '');
    log('%s %s %s%s %d', name, isSent ? '>' : '<', NAMES[opcode], flags, length);
  };
}
