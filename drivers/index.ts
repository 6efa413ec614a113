/**
 * The main entry: the promise API over Node's sockets.
 */
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2ServerRequest } from 'node:http2';
import type { Duplex } from 'node:stream';
import { checkOptions, type OptionTable } from '../protocol/internal.ts';
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
import { nodeClock } from './node/clock.ts';
import { NODE_CLIENT_OPTIONS, NODE_SERVER_OPTIONS, NODE_UPGRADE_OPTIONS } from './node/options.ts';
import { ATTACH_OPTIONS, checkServer } from './node/upgrade.ts';
import {
  checkHandlerIsLast,
  createListen,
  createOpen,
  serverOf,
  PROMISE_OPTIONS,
  SERVE_OPTIONS,
  handlerRunnerOf,
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
import type { WithContext } from './socket/options.ts';

const driver = { connect, serve, clientOptions: NODE_CLIENT_OPTIONS, serverOptions: NODE_SERVER_OPTIONS };

/**
 * Opens a WebSocket connection: `await open('wss://api.example/')`, with options or a list of subprotocols behind the URL. With a
 * handler as the last argument it runs that, closes (1000, or 1011 when it throws), and resolves to what it returned.
 * `open.reconnecting(url)` is a loop over connections, one after the other.
 *
 * Rejects with a `HandshakeError` (with `response`, where the server answered), a `TimeoutError` after `handshakeTimeout`, the
 * signal's reason, or a SyntaxError, TypeError or RangeError for what is wrong with the call.
 */
export const open: ReconnectingOpen<NodeClientOptions> = /* @__PURE__ */ withReconnecting(
  /* @__PURE__ */ createOpen<NodeClientOptions>(driver),
  driver,
  nodeClock,
);

/**
 * Listens on a port, or as options say, and runs `handler` for each connection: `await listen(8080, async (ws) => …)`. When the
 * handler returns, its connection is closed with 1000; when it throws or rejects, with 1011 or the code of the
 * `WebSocketError` that it threw, and `onError` is told: to keep a connection open, wait in the handler.
 *
 * Resolves to the `Server` once it listens. Rejects with the system's error when it can't (EADDRINUSE), and with a TypeError
 * or RangeError for bad options. Pages of other sites are refused unless `allowedOrigins` lets them in.
 */
export const listen: Listen<NodeServerOptions> = /* @__PURE__ */ createListen<NodeServerOptions>(driver);

const UPGRADE: OptionTable<NodeUpgradeOptions & PromiseOptions> = { ...NODE_UPGRADE_OPTIONS, ...PROMISE_OPTIONS };
const ATTACH: OptionTable<AttachOptions & ServeOptions> = { ...ATTACH_OPTIONS, ...SERVE_OPTIONS };

/**
 * Answers one upgrade request of your own node:http(s) server: call it in an 'upgrade' listener, with what that is given;
 * or in a 'connect' listener of node:http2, with `request`, `request.stream` and no bytes. The stream belongs to the connection from then on.
 *
 * It may be called later than in the listener: what the client has sent meanwhile is delivered in order, and where somebody else
 * reads from the stream it is refused with 500. But until it is called, nobody but you hears of the stream's errors: to decide
 * something before, use `authorize`.
 *
 * Resolves to the WebSocket once the connection is open. A request that is no valid opening handshake, or that the options
 * refuse, is answered with the fitting HTTP response, and this rejects with a `HandshakeError`; with an `InvalidStateError` for a
 * stream that carries a WebSocket already.
 */
export async function upgrade<Context = unknown>(
  request: IncomingMessage | Http2ServerRequest,
  stream: Duplex,
  head: Uint8Array,
  given?: WithContext<NodeUpgradeOptions, Context> & PromiseOptions,
): Promise<WebSocket<Context>> {
  const options = checkOptions('upgrade', UPGRADE, given as NodeUpgradeOptions & PromiseOptions);
  const opened = whenOpen(options, (handlers) => acceptUpgrade(request, stream, head, options, handlers));
  return opened as Promise<WebSocket<any>>;
}

/**
 * Serves an HTTP server's upgrades for some paths with `handler`, as `listen` does, and leaves all other upgrades to
 * whoever else listens: over HTTP/1.1 for node:http(s), over both versions for node:http2. One that nobody answers gets 404,
 * or 503 after `handshakeTimeout` where others listen; a request that asks for another protocol than WebSocket (`h2c`, as curl
 * and Java do) stays the ordinary request that it is. Closing what it returns leaves the HTTP server as it is.
 *
 * Throws a TypeError or RangeError for bad options.
 */
export function attach(httpServer: HttpServer | Http2Server | Http2SecureServer, handler: ConnectionHandler): Server;
export function attach<Context = unknown>(
  httpServer: HttpServer | Http2Server | Http2SecureServer,
  options: WithContext<AttachOptions, Context> & ServeOptions,
  handler: ConnectionHandler<unknown, Context>,
): Server;
export function attach(
  httpServer: HttpServer | Http2Server | Http2SecureServer,
  optionsOrHandler: (AttachOptions & ServeOptions) | ConnectionHandler,
  handlerAfterOptions?: ConnectionHandler<any, any>,
): Server {
  checkHandlerIsLast('attach(httpServer, options, handler)', optionsOrHandler, handlerAfterOptions);
  checkServer(httpServer);
  const isHandler = typeof optionsOrHandler === 'function';
  const options = checkOptions('attach', ATTACH, isHandler ? {} : optionsOrHandler);
  const runner = handlerRunnerOf(options, (isHandler ? optionsOrHandler : handlerAfterOptions)!);
  return serverOf(attachHandlers(httpServer, options, runner.handlers), runner);
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
  Reconnecting,
  ReconnectingOpen,
  ReconnectingSendOptions,
  ReconnectOptions,
  ReconnectState,
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
  AcceptorOptions,
  AttachOptions,
  AgentLike,
  ConnectTarget,
  RouteOptions,
  Decision,
  MessageSocket,
  Http2PoolOptions,
  Http2ServerOptions,
  NodeAuthorizeContext,
  NodeClientOptions,
  NodeServerOptions,
  NodeUpgradeOptions,
  ToDuplexOptions,
} from './node/index.ts';
export type { ListenAddress } from './driver.ts';
export type { AuthorizeContext, HttpResponse, Peer, RefusalReason } from './socket/decision.ts';
export type { ClientOptions, Paths, ServerOptions, SocketOptions, WithContext } from './socket/options.ts';
export * from './socket/core-exports.ts';
