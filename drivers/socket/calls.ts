import type { SocketHandlers } from './handlers.ts';

/** A call of a handler, if there is one, with what it is to be told: each is a place of its own, where an engine knows its handler. */
export type Call = (handlers: SocketHandlers<any>, socket: unknown, a: any, b: any, c: any) => unknown;

export const CALLS = {
  open: (handlers, socket) => handlers.open?.(socket),
  message: (handlers, socket, data, binary) => handlers.message?.(socket, data, binary),
  messageStart: (handlers, socket, binary) => handlers.messageStart?.(socket, binary),
  messageChunk: (handlers, socket, chunk) => handlers.messageChunk?.(socket, chunk),
  messageEnd: (handlers, socket) => handlers.messageEnd?.(socket),
  ping: (handlers, socket, payload) => handlers.ping?.(socket, payload),
  pong: (handlers, socket, payload, id, roundTrip) => handlers.pong?.(socket, payload, id, roundTrip),
  drain: (handlers, socket) => handlers.drain?.(socket),
  closeFrame: (handlers, socket, code, reason) => handlers.closeFrame?.(socket, code, reason),
  fault: (handlers, socket, fault) => handlers.fault?.(socket, fault),
  close: (handlers, socket, info) => handlers.close?.(socket, info),
} satisfies Record<string, Call>;
