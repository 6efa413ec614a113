import type { CloseInfo } from '../protocol/index.ts';
import type { Socket } from './socket.ts';

/** Who looks on: what a driver tells of its sockets beside their handlers. It must not throw, and decides nothing. */
export interface Observer {
  /** Server: a valid opening handshake has come. Client: one is sent. */
  onHandshake(socket: Socket<any>): void;
  onOpen(socket: Socket<any>): void;
  /** A message was received, or given to be sent. */
  onMessage(socket: Socket<any>, message: string | Uint8Array, sent: boolean): void;
  onClose(socket: Socket<any>, info: CloseInfo): void;
  /** A handler threw. */
  onError(socket: Socket<any>, error: unknown): void;
}
