import type { Handlers } from '../socket/socket.ts';
import type { CarrierHandler } from './carrier.ts';
import type { NativeLimits } from './options.ts';
import { NativeSocket } from './socket.ts';

/** What is used of a ServerWebSocket of Bun's. */
export interface BunWebSocketLike {
  /** Sends a message; what it returns is not looked at. */
  send(message: any): number;
  /** Starts the closing handshake. */
  close(code?: number, reason?: string): void;
  /** Bytes that have not left this process. */
  getBufferedAmount(): number;
}

/** What `Bun.serve` takes as `websocket`. */
export interface BunHandlers {
  /** Bun has accepted a connection. */
  open(webSocket: BunWebSocketLike): void;
  /** A whole message: a string for TEXT, bytes for BINARY. */
  message(webSocket: BunWebSocketLike, message: string | Uint8Array): void;
  /** What was buffered has left. */
  drain(webSocket: BunWebSocketLike): void;
  /** The end, with the code and reason that Bun tells. */
  close(webSocket: BunWebSocketLike, code: number, reason: string): void;
}

/** Bun's server as a carrier of connections with these handlers. */
export function overBun(limits: NativeLimits, handlers: Handlers<any>): BunHandlers {
  const open = new WeakMap<BunWebSocketLike, CarrierHandler>();
  return {
    open(webSocket) {
      const make = (carrierHandler: CarrierHandler) => {
        open.set(webSocket, carrierHandler);
        carrierHandler.onOpen({ protocol: '', extensions: '', url: '' });
        return {
          send: (message: string | Uint8Array) => void webSocket.send(message),
          get bufferedAmount() {
            return webSocket.getBufferedAmount();
          },
          close: (code: number | undefined, reason: string) => webSocket.close(code, reason),
        };
      };
      new NativeSocket(make, '', limits, handlers);
    },
    message: (webSocket, message) => open.get(webSocket)?.onMessage(message),
    drain: (webSocket) => open.get(webSocket)?.onRoom(),
    close: (webSocket, code, reason) => open.get(webSocket)?.onEnd(code, reason),
  };
}
