/**
 * The main entry: the promise API over Node's sockets.
 */
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2ServerRequest } from 'node:http2';
import type { Duplex } from 'node:stream';
import {
  acceptUpgrade,
  attach as attachHandlers,
  connect,
  serve,
  type AttachOptions,
  type NodeClientOptions,
  type NodeServerOptions,
  type NodeUpgradeOptions,
} from './node/index.ts';
import { waitingClock } from './node/clock.ts';
import {
  createListen,
  createOpen,
  serverOf,
  servingOf,
  whenOpen,
  withReconnecting,
  type ConnectionHandler,
  type Listen,
  type ReconnectingOpen,
  type PromiseOptions,
  type ServeOptions,
  type Server,
  type WebSocket,
} from './promise/index.ts';

export const open: ReconnectingOpen<NodeClientOptions> = /* @__PURE__ */ withReconnecting(
  createOpen<NodeClientOptions>({ connect }),
  waitingClock,
);

export const listen: Listen<NodeServerOptions> = createListen<NodeServerOptions>({ serve });

/**
 * Answers one upgrade request of your own node:http(s) server: call it in an 'upgrade' listener, with what that is given;
 * or in a 'connect' listener of node:http2, with `request`, `request.stream` and no bytes. The stream belongs to the connection from then on.
 *
 * Resolves to the WebSocket once the connection is open. A request that is no valid opening handshake, or that the options
 * refuse, is answered with the fitting HTTP response, and this rejects with a `HandshakeError`.
 */
export function upgrade(
  request: IncomingMessage | Http2ServerRequest,
  stream: Duplex,
  head: Uint8Array,
  options: NodeUpgradeOptions & PromiseOptions = {},
): Promise<WebSocket> {
  return whenOpen(options, (handlers) => acceptUpgrade(request, stream, head, options, handlers));
}

/**
 * Serves an HTTP server's upgrades for some paths with `handler`, as `listen` does, and leaves all other upgrades to
 * whoever else listens: over HTTP/1.1 for node:http(s), over both versions for node:http2. Closing what it returns leaves
 * the HTTP server as it is.
 *
 * Throws a TypeError or RangeError for bad options.
 */
export function attach(
  httpServer: HttpServer | Http2Server | Http2SecureServer,
  options: AttachOptions & ServeOptions,
  handler: ConnectionHandler,
): Server {
  const serving = servingOf(options, handler);
  return serverOf(attachHandlers(httpServer, options, serving.handlers), serving);
}

export { Http2Pool, isUpgrade, toDuplex } from './node/index.ts';
export { broadcast, Server, toStreams, WebSocket } from './promise/index.ts';
export type {
  BroadcastOptions,
  ConnectionHandler,
  Data,
  ErrorListener,
  Fragments,
  Listen,
  MessageStream,
  Open,
  PromiseOptions,
  ReceivedMessage,
  ReconnectingOpen,
  ReconnectOptions,
  SendOptions,
  ServeOptions,
  ServerCloseOptions,
  SlowConsumerOptions,
  TimedWaitOptions,
  WaitOptions,
  WebStreams,
} from './promise/index.ts';
export type {
  Acceptance,
  AttachOptions,
  ConnectTarget,
  Decision,
  MessageSocket,
  Http2PoolOptions,
  NodeClientOptions,
  NodeServerOptions,
  NodeUpgradeOptions,
  ToDuplexOptions,
} from './node/index.ts';
export type { ClientOptions, HttpResponse, ListenAddress, ServerOptions, SocketOptions } from './handlers.ts';
export * from './vocabulary.ts';
