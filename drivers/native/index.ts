/** The promise API over the WebSocket that the runtime has: browsers, Deno, Bun, Workers, and Node from 22 on. */
import { InvalidStateError } from '../../protocol/index.ts';
import { checkOptions, FUNCTION, type OptionTable } from '../../protocol/internal.ts';
import {
  type ConnectionHandler,
  createOpen,
  type ErrorListener,
  handlerRunnerOf,
  PROMISE_OPTIONS,
  type PromiseOptions,
  type ReconnectingOpen,
  type WebSocket,
  whenOpen,
  withReconnecting,
} from '../promise/index.ts';
import type { Driver } from '../driver.ts';
import { giveUpOn } from '../socket/abort.ts';
import type { Socket } from '../socket/socket.ts';
import { type BunHandlers, overBun } from './bun.ts';
import {
  type CarrierMaker,
  nowhere,
  overStream,
  overWebSocket,
  type WebSocketLike,
  type WebSocketStreamLike,
} from './carrier.ts';
import { webClock } from './clock.ts';
import {
  NATIVE_CLIENT_OPTIONS,
  NATIVE_SOCKET_OPTIONS,
  type NativeClientOptions,
  type NativeSocketOptions,
  resolveNativeLimits,
} from './options.ts';
import { NativeSocket } from './socket.ts';

/** The web's globals that are used here: asked for when they are needed, so that tests may replace them. */
const globals = globalThis as {
  WebSocket?: new (url: string | URL, protocols: string[]) => WebSocketLike;
  WebSocketStream?: new (url: string, options: { protocols: string[]; signal?: AbortSignal }) => WebSocketStreamLike;
};

const connect: Driver<NativeClientOptions>['connect'] = (url, options, handlers) => {
  const limits = resolveNativeLimits(options);
  const protocols = [...(options.subprotocols ?? [])];
  const { WebSocket, WebSocketStream } = globals;
  if (WebSocket === undefined) {
    throw new InvalidStateError('this runtime has no WebSocket of its own: Node has one from version 22 on');
  }
  const { signal } = options;
  const maker =
    signal?.aborted === true
      ? nowhere
      : WebSocketStream === undefined
        ? asked(() => new WebSocket(url, protocols))
        : overStream(new WebSocketStream(String(url), { protocols }));
  let letGo: (() => void) | undefined;
  const { open, close } = handlers;
  const socket = new NativeSocket(maker, String(url), limits, {
    ...handlers,
    open(socket) {
      letGo?.();
      open?.(socket);
    },
    close(socket, info) {
      letGo?.();
      close?.(socket, info);
    },
  });
  if (signal !== undefined) letGo = giveUpOn(signal, socket);
  return socket as unknown as Socket<any>;
};

/**
 * The carrier of a WebSocket that is made now. Throws what is wrong with the URL or the subprotocols.
 *
 * Firefox throws where a Content-Security-Policy rules the server out, or its port is one of the forbidden: an exception of
 * its own, which is no Error. Chromium fires 'error' there, and so it is told in both.
 */
function asked(make: () => WebSocketLike): CarrierMaker {
  try {
    return overWebSocket(make());
  } catch (error) {
    if (error instanceof Error) throw error;
    return (handler) => {
      webClock.defer(() => handler.onEnd(1006, '', error));
      return nowhere(handler);
    };
  }
}

const FROM_OPTIONS: OptionTable<NativeSocketOptions & PromiseOptions> = {
  ...NATIVE_SOCKET_OPTIONS,
  ...PROMISE_OPTIONS,
};

const driver = { connect, clientOptions: NATIVE_CLIENT_OPTIONS };

/**
 * Opens a connection with the WebSocket that the runtime has, or with its WebSocketStream. What the runtime doesn't let
 * through is not among the options: header fields, a proxy, certificates, compression, pings.
 */
export const open: ReconnectingOpen<NativeClientOptions> = /* @__PURE__ */ withReconnecting(
  /* @__PURE__ */ createOpen<NativeClientOptions>(driver),
  driver,
  webClock,
);

/**
 * The promise API over a WebSocket that is there already: one that `Deno.upgradeWebSocket` has made, the server's of a
 * `WebSocketPair` of Cloudflare's (after `accept()`), or one that a page has opened. Call it in the turn in which the
 * WebSocket was made, so that no message is missed; from then on it is this package's alone.
 *
 * Resolves once it is open. Rejects with a `HandshakeError` if it never is, and with a TypeError for bad options.
 */
export function fromWebSocket(
  webSocket: WebSocketLike,
  given?: NativeSocketOptions & PromiseOptions,
): Promise<WebSocket> {
  const options = checkOptions('fromWebSocket', FROM_OPTIONS, given);
  const { addEventListener, send, close } = Object(webSocket) as Partial<WebSocketLike>;
  if (![addEventListener, send, close].every((method) => typeof method === 'function')) {
    return Promise.reject(new TypeError('fromWebSocket takes a WebSocket of the runtime'));
  }
  return whenOpen(options, (handlers) => {
    const limits = resolveNativeLimits(options);
    return new NativeSocket(overWebSocket(webSocket), webSocket.url ?? '', limits, handlers);
  });
}

/** How `bunHandlers` goes about it. */
export interface BunServeOptions extends NativeSocketOptions, PromiseOptions {
  /**
   * Told what a handler threw or rejected with (but not when that is its own connection's normal end). Default: errors that
   * are no `WebSocketError` are printed to the console.
   */
  onError?: ErrorListener | undefined;
}

const BUN_OPTIONS: OptionTable<BunServeOptions> = { ...NATIVE_SOCKET_OPTIONS, ...PROMISE_OPTIONS, onError: FUNCTION };

/**
 * The promise API for Bun's own server: what it returns is the `websocket` of `Bun.serve`, and `handler` is called with each
 * connection, as that of `listen` is: when it returns the connection is closed with 1000, and when it throws with 1011 or
 * the code of the `WebSocketError` that it threw. Who may connect is decided in `fetch`, before `server.upgrade`.
 *
 * Throws a TypeError or RangeError for bad options.
 */
export function bunHandlers(handler: ConnectionHandler, given?: BunServeOptions): BunHandlers {
  const options = checkOptions('bunHandlers', BUN_OPTIONS, given);
  const { onError, receiveQueue, ...own } = options;
  const runner = handlerRunnerOf({ ...own, receiveQueue, onError } as BunServeOptions, handler);
  return overBun(resolveNativeLimits(own), runner.handlers);
}

export type { BunHandlers, BunWebSocketLike } from './bun.ts';
export type { WebSocketLike } from './carrier.ts';
export type { NativeClientOptions, NativeSocketOptions } from './options.ts';
export { toStreams, WebSocket } from '../promise/index.ts';
export type {
  ConnectionHandler,
  Data,
  ErrorListener,
  Fragments,
  MessageStream,
  Open,
  PromiseOptions,
  ReceivedMessage,
  Reconnecting,
  ReconnectingOpen,
  ReconnectingSendOptions,
  ReconnectOptions,
  ReconnectState,
  SendOptions,
  TimedWaitOptions,
  WaitOptions,
  WebStreams,
} from '../promise/index.ts';
export type { ClientOptions, SocketOptions } from '../socket/options.ts';
export * from '../socket/core-exports.ts';
