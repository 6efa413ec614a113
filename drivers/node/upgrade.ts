import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2ServerRequest } from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { InvalidStateError, isExtendedConnect } from '../../protocol/index.ts';
import {
  checkOptions,
  COMPRESS,
  nameOf,
  type OptionTable,
  PATHS,
  resolveLimits,
  toBytes,
} from '../../protocol/internal.ts';
import { guard, report } from '../socket/guard.ts';
import type { Handlers, Socket } from '../socket/socket.ts';
import { checkHandlers } from '../socket/handlers.ts';
import type { Paths, ServerOptions, WithContext } from '../socket/options.ts';
import { SERVER_OPTIONS } from '../socket/options.ts';
import { AdmissionControl, pathMatcher } from '../socket/admission-control.ts';
import { Acceptor } from './server/acceptor.ts';
import { isReadByOthers, takeEarly } from './server/handover.ts';
import { isWebSocketUpgrade, takeUpgrades } from './server/upgrades.ts';
import { beforeData } from './before-data.ts';
import { checkFree } from './node-transport.ts';
import { type NodeListener, ServerListener } from './listener.ts';
import { isHttp2Server, takeStreams } from './http2/streams.ts';
import { NODE_UPGRADE_OPTIONS, type NodeUpgradeOptions } from './options.ts';

/**
 * Whether a request of node:http asks for a WebSocket (RFC 6455 §4.2.1), or one of node:http2 (RFC 8441 §5). Whether it
 * may have one is decided later.
 */
export function isUpgrade(request: IncomingMessage | Http2ServerRequest): boolean {
  return isOverHttp2(request) ? isExtendedConnect(request.rawHeaders) : isWebSocketUpgrade(request);
}

/**
 * Serves one 'upgrade' of node:http(s), or one 'connect' of node:http2, with these handlers: the request is validated
 * again, and answered, whatever it is. The stream is the connection's from here on; `head` is what came behind the request.
 *
 * It may be called later than in the listener: what has come meanwhile is delivered in order. It is refused with 500 (the
 * cause is an InvalidStateError) where somebody else reads from the stream. Until it is called, nobody but you hears of the
 * stream's errors: to decide something first, use `authorize`.
 *
 * Throws a TypeError or RangeError for bad options, and an InvalidStateError for a stream that carries a connection already.
 */
export function acceptUpgrade<Data = unknown, Context = unknown>(
  request: IncomingMessage | Http2ServerRequest,
  stream: Duplex,
  head: Uint8Array,
  given: WithContext<NodeUpgradeOptions, Context>,
  handlers: Handlers<Data, Context>,
): Socket<Data, Context> {
  const options = checkOptions('acceptUpgrade', NODE_UPGRADE_OPTIONS, given);
  checkHandlers('acceptUpgrade', handlers);
  if (isOverHttp2(request)) {
    checkFree(request.stream);
    const secure = request.stream.session?.encrypted === true;
    const acceptor = new Acceptor<Data>(options, handlers as Handlers<Data>, secure);
    return acceptor.acceptStream(request.stream, request.rawHeaders, request) as Socket<Data, any>;
  }
  const acceptor = new Acceptor<Data>(options, handlers as Handlers<Data>, isSecure(stream));
  return takeOver(acceptor, request, stream, head) as Socket<Data, any>;
}

/** What serves many single upgrades: `createAcceptor`. */
export interface UpgradeAcceptor<Data = unknown> {
  /**
   * Serves one upgrade, as `acceptUpgrade` does. No handler is called before this has returned, and `open` when the 101 has
   * been written. Throws an InvalidStateError for a stream that carries a connection already.
   */
  accept(request: IncomingMessage | Http2ServerRequest, stream: Duplex, head: Uint8Array): Socket<Data>;
  /** The open connections. */
  readonly connections: ReadonlySet<Socket<Data>>;
  /** Refuses what comes from now on, and whoever is on the way, with 503; connections go on. */
  stopAccepting(): void;
  /** Resolves when that has been called and no connection is left. */
  readonly closed: Promise<void>;
}

/** What `createAcceptor` takes. */
export interface AcceptorOptions extends NodeUpgradeOptions, Omit<ServerOptions, 'authorize'> {}

const ACCEPTOR_OPTIONS: OptionTable<AcceptorOptions> = { ...SERVER_OPTIONS, compress: COMPRESS };

/**
 * Makes an acceptor of single upgrades with one policy, which is checked once, and one count of connections.
 * Throws a TypeError or RangeError for bad options.
 */
export function createAcceptor<Data = unknown>(
  given: AcceptorOptions,
  handlers: Handlers<Data>,
): UpgradeAcceptor<Data> {
  const options = checkOptions('createAcceptor', ACCEPTOR_OPTIONS, given);
  checkHandlers('createAcceptor', handlers);
  const admission = new AdmissionControl(options);
  const make = (secure: boolean) => new Acceptor<Data>(options, handlers, secure, admission, true);
  const plain = make(false);
  const secured = make(true);
  let finish: () => void;
  const closed = new Promise<void>((resolve) => (finish = resolve));
  return {
    accept(request, stream, head) {
      if (isOverHttp2(request)) {
        const { stream: carrier, rawHeaders } = request;
        checkFree(carrier);
        const isEncrypted = carrier.session?.encrypted === true;
        return (isEncrypted ? secured : plain).acceptStreamLater(carrier, rawHeaders, request);
      }
      return takeOverLater(isSecure(stream) ? secured : plain, request, stream, head);
    },
    connections: admission.sockets as ReadonlySet<Socket<Data>>,
    stopAccepting: () => admission.stop(finish),
    closed,
  };
}

/** What `attach` takes besides. */
export interface AttachOptions extends AcceptorOptions {
  /** The paths whose upgrades are served. Default: every path. */
  path?: Paths | undefined;
}

export const ATTACH_OPTIONS: OptionTable<AttachOptions> = { ...ACCEPTOR_OPTIONS, path: PATHS };

/**
 * Serves a server's upgrades for some paths, and leaves all others to whoever else listens: those of node:http(s), and
 * the extended CONNECTs of node:http2, whose sessions are told from now on that they may be sent. One that nobody answers is
 * answered with 404, or with 503 after `handshakeTimeout` where others listen; a request that asks to upgrade to something
 * else than a WebSocket (`h2c`, say) stays the ordinary request that it is. What it returns stops doing so with
 * `stopListening`; beyond that the server is never touched.
 * Throws a TypeError or RangeError for bad options.
 */
export function attach<Data = unknown, Context = unknown>(
  server: HttpServer | Http2Server | Http2SecureServer,
  given: WithContext<AttachOptions, Context>,
  handlers: Handlers<Data, Context>,
): NodeListener {
  checkServer(server);
  const options = checkOptions('attach', ATTACH_OPTIONS, given);
  checkHandlers('attach', handlers);
  const plain = new Acceptor(options, handlers, false);
  const { admission } = plain;
  const secure = new Acceptor(options, handlers, true, admission);
  const matches = pathMatcher(options.path);
  const failed = (error: unknown) => report(error, () => handlers.error?.(error));
  const grace = resolveLimits(options).handshakeTimeout;
  const releaseUpgrades = takeUpgrades(server as HttpServer, {
    matches,
    take: (request, stream, head) => void takeOver(isSecure(stream) ? secure : plain, request, stream, head),
    failed,
    grace,
  });
  const releaseStreams = isHttp2Server(server)
    ? takeStreams(server, {
        matches,
        take: (stream, fields) => {
          (stream.session?.encrypted === true ? secure : plain).acceptStream(stream, fields);
        },
        failed,
        grace,
      })
    : undefined;
  let finish: () => void;
  const closed = new Promise<void>((resolve) => (finish = resolve));
  const stop = (): void => {
    releaseUpgrades();
    releaseStreams?.();
    admission.stop(finish);
  };
  return new ServerListener(server, 'setSecureContext' in server, admission, stop, closed);
}

/** Throws a TypeError for what tells of no upgrades: the app of a framework looks much like a server. */
export function checkServer(server: unknown): void {
  const { on, address } = (typeof server === 'object' && server !== null ? server : {}) as Partial<HttpServer>;
  if (typeof on === 'function' && typeof address === 'function') return;
  throw new TypeError(
    `attach: expected a server of node:http, https or http2, not ${nameOf(server)}: for an app of Express or Koa that is what ` +
      'its `listen` returns, or http.createServer(app); for one of Fastify, `app.server`',
  );
}

function takeOver<Data>(
  acceptor: Acceptor<Data>,
  request: IncomingMessage,
  stream: Duplex,
  head: Uint8Array,
): Socket<Data> {
  const begin = handOver(request, stream, head);
  const socket = acceptor.accept(stream, undefined, request);
  begin(socket);
  return socket;
}

/** The same, but that nothing is made of the request before this has returned. */
function takeOverLater<Data>(
  acceptor: Acceptor<Data>,
  request: IncomingMessage,
  stream: Duplex,
  head: Uint8Array,
): Socket<Data> {
  const begin = handOver(request, stream, head);
  // What the stream brings comes behind the head.
  const pump = { failed: (error: unknown) => socket.transportHandler.failed?.(error) };
  const ready = beforeData(stream, () => guard(pump, () => begin(socket)));
  const socket = acceptor.accept(stream, undefined, request);
  ready();
  return socket;
}

/** Makes a stream ready to be taken over. Returns what is to be called with the socket that it becomes. */
function handOver(request: IncomingMessage, stream: Duplex, head: Uint8Array): (socket: Socket<any>) => void {
  const bytes = toBytes(head);
  checkFree(stream);
  // What came before has set these its own way.
  (stream as NetSocket).setTimeout?.(0);
  (stream as NetSocket).setNoDelay?.(true);
  const isTornOpen = isReadByOthers(stream);
  const early = isTornOpen ? bytes : takeEarly(stream, bytes);
  return (socket) => {
    // One that is gone by now has its end told.
    if (stream.destroyed || socket.state !== 'connecting') return;
    if (isTornOpen) return socket.refuse({ status: 500 }, new InvalidStateError(READ_BY_OTHERS));
    const { method = '', url = '', httpVersion, rawHeaders } = request;
    socket.receiveHead({ method, target: url, version: httpVersion, rawHeaders });
    if (early.length > 0) socket.transportHandler.onData(early);
  };
}

const READ_BY_OTHERS =
  'somebody else has read from the stream, so that frames may be lost: call upgrade first, or pause the stream';

/** Throws a TypeError for what is no request. */
function isOverHttp2(request: IncomingMessage | Http2ServerRequest): request is Http2ServerRequest {
  const { headers, rawHeaders, httpVersionMajor } = Object(request) as Partial<IncomingMessage>;
  if (typeof (headers ?? rawHeaders) !== 'object') {
    throw new TypeError(`expected the request of an HTTP server's 'upgrade' event, not ${nameOf(request)}`);
  }
  return httpVersionMajor === 2;
}

/** Throws a TypeError for what is no stream. */
function isSecure(stream: Duplex): boolean {
  if (typeof (stream as Partial<Duplex> | undefined)?.on !== 'function') {
    throw new TypeError(`expected the socket of an HTTP server's 'upgrade' event, not ${nameOf(stream)}`);
  }
  return (stream as TLSSocket).encrypted === true;
}
