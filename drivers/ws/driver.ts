import type { Duplex } from 'node:stream';
import type { CompressOptions, Sha1 } from '../../protocol/index.ts';
import type { Handlers, Socket } from '../socket/socket.ts';
import type { SocketOptions } from '../socket/options.ts';

/** What is told of a connection that has been opened here. */
export interface OpenedConnection {
  role: 'client' | 'server';
  subprotocol: string;
  extensions: string;
  compress: CompressOptions;
}

/** Takes over connections that were opened here, all with the same options. */
export interface Adopting {
  adopt(stream: Duplex, head: Uint8Array, opening: OpenedConnection): Socket<any>;
}

/** The driver that this face stands on. */
export interface AdoptingDriver {
  adopter(options: SocketOptions, handlers: Handlers<any>): Adopting;
  /** Whether a stream was taken over before. */
  isTaken(stream: Duplex): boolean;
  /** Throws an InvalidStateError for a stream that can't be taken over. */
  checkUnread(stream: Duplex): void;
  /** What answers a Sec-WebSocket-Key; undefined for the core's own. */
  readonly sha1: Sha1 | undefined;
}

let current: AdoptingDriver | undefined;

/** Says which driver that is: index.ts does, once. */
export function standOn(driver: AdoptingDriver): void {
  current = driver;
}

export function driver(): AdoptingDriver {
  if (current === undefined) throw new Error('the face stands on no driver');
  return current;
}
