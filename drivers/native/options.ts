import {
  checkOptions,
  LIMIT,
  type OptionTable,
  resolveLimit,
  resolveLimits,
  SIGNAL,
  STRINGS,
} from '../../protocol/internal.ts';
import { SEND_HIGH_WATER, SEND_LIMIT } from '../socket/options.ts';

/** What can be asked of a WebSocket that the runtime has. Sizes are bytes, times milliseconds; `false` turns a limit off. */
export interface NativeSocketOptions {
  /** A larger message ends the connection. It is in memory by then: the runtime knows no limit of ours. Default 16 MiB. */
  maxMessageSize?: number | false | undefined;
  /** `send` waits above this many buffered bytes. Default 64 KiB. */
  sendHighWater?: number | false | undefined;
  /** The connection is ended when something is sent while more than this is buffered already. Default 16 MiB. */
  sendLimit?: number | false | undefined;
  /**
   * The connection is ended when more than this is received ahead of whoever receives, where the runtime can't stop reading
   * (all but those with WebSocketStream). Default 16 MiB.
   */
  receiveLimit?: number | false | undefined;
  /** How long the closing handshake may take, before the connection counts as lost. Default 10 s. */
  closeTimeout?: number | false | undefined;
}

/** What `open` takes, over the WebSocket that the runtime has. */
export interface NativeClientOptions extends NativeSocketOptions {
  /** Subprotocols to offer, in order of preference. */
  subprotocols?: readonly string[] | undefined;
  /** Gives up the opening handshake. */
  signal?: AbortSignal | undefined;
  /** How long the opening handshake may take. Default 10 s. */
  handshakeTimeout?: number | false | undefined;
}

/** The same with every default filled in. */
export interface NativeLimits {
  readonly maxMessageSize: number;
  readonly sendHighWater: number;
  readonly sendLimit: number;
  readonly receiveLimit: number;
  readonly closeTimeout: number;
  readonly handshakeTimeout: number;
}

const RECEIVE_LIMIT = 16 * 1024 * 1024;

export const NATIVE_SOCKET_OPTIONS: OptionTable<NativeSocketOptions> = {
  maxMessageSize: LIMIT,
  sendHighWater: LIMIT,
  sendLimit: LIMIT,
  receiveLimit: LIMIT,
  closeTimeout: LIMIT,
};

export const NATIVE_CLIENT_OPTIONS: OptionTable<NativeClientOptions> = {
  ...NATIVE_SOCKET_OPTIONS,
  subprotocols: STRINGS,
  signal: SIGNAL,
  handshakeTimeout: LIMIT,
};

/** Fills in the defaults. Throws a TypeError for an option that the runtime's WebSocket has no means for, or a bad value. */
export function resolveNativeLimits(given: NativeClientOptions): NativeLimits {
  const options = checkOptions("open, over the runtime's own WebSocket", NATIVE_CLIENT_OPTIONS, given);
  const { maxMessageSize, closeTimeout, handshakeTimeout } = resolveLimits(options);
  return {
    maxMessageSize,
    closeTimeout,
    handshakeTimeout,
    sendHighWater: resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER),
    sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
    receiveLimit: resolveLimit('receiveLimit', options.receiveLimit, RECEIVE_LIMIT),
  };
}
