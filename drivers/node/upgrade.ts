import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2ServerRequest } from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { isExtendedConnect } from '../../protocol/index.ts';
import type { Handlers } from '../handlers.ts';
import type { Socket } from '../socket.ts';
import { Acceptor } from './accept.ts';
import { portOf, urlOf } from './address.ts';
import { attachStreams, isHttp2Server } from './http2-attach.ts';
import type { NodeUpgradeOptions } from './options.ts';
import type { NodeListener } from './serve.ts';

/**
 * Whether a request of node:http asks for a WebSocket (RFC 6455 §4.2.1), or one of node:http2 (RFC 8441 §5). Whether it
 * may have one is decided later.
 */
export function isUpgrade(request: IncomingMessage | Http2ServerRequest): boolean {
  if (isOverHttp2(request)) return isExtendedConnect(request.rawHeaders);
  const tokens = (request.headers.upgrade ?? '').split(',');
  return request.method === 'GET' && tokens.some((token) => token.trim().toLowerCase() === 'websocket');
}

/**
 * Serves one 'upgrade' of node:http(s), or one 'connect' of node:http2, with these handlers: the request is validated
 * again, and answered, whatever it is. The stream is the connection's from here on; `head` is what came behind the request.
 */
export function acceptUpgrade<Data>(
  request: IncomingMessage | Http2ServerRequest,
  stream: Duplex,
  head: Uint8Array,
  options: NodeUpgradeOptions,
  handlers: Handlers<Data>,
): Socket<Data> {
  if (isOverHttp2(request)) {
    const secure = request.stream.session?.encrypted === true;
    return new Acceptor(options, handlers, secure).acceptStream(request.stream, request.rawHeaders);
  }
  return takeOver(new Acceptor(options, handlers, isSecure(stream)), request, stream, head);
}

/** What `attach` takes besides. */
export interface AttachOptions extends NodeUpgradeOptions {
  /** The paths whose upgrades are served. Default: every path. */
  path?: string | readonly string[] | ((path: string) => boolean);
}

/**
 * Serves a server's upgrades for some paths, and leaves all others to whoever else listens: those of node:http(s), and
 * the extended CONNECTs of node:http2, whose sessions are told from now on that they may be sent. What it returns stops
 * doing so with `stopListening`; beyond that the server is never touched.
 * Throws a TypeError or RangeError for bad options.
 */
export function attach<Data = unknown>(
  server: HttpServer | Http2Server | Http2SecureServer,
  options: AttachOptions,
  handlers: Handlers<Data>,
): NodeListener {
  const plain = new Acceptor(options, handlers, false);
  const { admission } = plain;
  const secure = new Acceptor(options, handlers, true, admission);
  const matches = matcher(options.path);
  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (!isUpgrade(request) || !matches((request.url ?? '').split('?', 1)[0])) return;
    takeOver(isSecure(stream) ? secure : plain, request, stream, head);
  };
  server.on('upgrade', onUpgrade);
  const detach = isHttp2Server(server)
    ? attachStreams(server, matches, (stream, fields) => {
        (stream.session?.encrypted === true ? secure : plain).acceptStream(stream, fields);
      })
    : undefined;
  let finish: () => void;
  const closed = new Promise<void>((resolve) => (finish = resolve));
  return {
    get address() {
      return server.address();
    },
    get port() {
      return portOf(server.address());
    },
    get url() {
      return urlOf(server.address(), 'setSecureContext' in server);
    },
    connections: admission.sockets as ReadonlySet<Socket>,
    stopListening: () => {
      server.off('upgrade', onUpgrade);
      detach?.();
      admission.stop(finish);
    },
    closed,
  };
}

function takeOver<Data>(
  acceptor: Acceptor<Data>,
  request: IncomingMessage,
  stream: Duplex,
  head: Uint8Array,
): Socket<Data> {
  (stream as NetSocket).setTimeout?.(0);
  (stream as NetSocket).setNoDelay?.(true);
  const socket = acceptor.accept(stream);
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  socket.receiveHead({ method, target: url, version: httpVersion, rawHeaders });
  if (head.length > 0) socket.transportHandler.onData(new Uint8Array(head));
  return socket;
}

function isOverHttp2(request: IncomingMessage | Http2ServerRequest): request is Http2ServerRequest {
  return request.httpVersionMajor === 2;
}

function isSecure(stream: Duplex): boolean {
  return (stream as TLSSocket).encrypted === true;
}

function matcher(path: AttachOptions['path']): (path: string) => boolean {
  if (path === undefined) return () => true;
  if (typeof path === 'function') return path;
  const paths = typeof path === 'string' ? [path] : path;
  return (candidate) => paths.includes(candidate);
}
