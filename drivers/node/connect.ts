import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ClientRequest, Connection, HandshakeError } from '../../protocol/index.ts';
import { checkOptions, resolveConduct, resolveLimit, resolveLimits } from '../../protocol/internal.ts';
import type { Handlers } from '../socket/socket.ts';
import { checkHandlers } from '../socket/handlers.ts';
import { SEND_HIGH_WATER, SEND_LIMIT } from '../socket/options.ts';
import { type RedirectTarget, SocketSetting } from '../socket/socket-parts.ts';
import { Socket } from '../socket/socket.ts';
import { nodeClock } from './clock.ts';
import { debugTrace, diagnostics, tellStart } from './diagnostics.ts';
import { checkAlive, discard } from './client/failure.ts';
import { PendingTransport } from './client/pending-transport.ts';
import { currentContext } from './internals/async-context.ts';
import { copier, resources } from './internals/resources.ts';
import { Http2Pool } from './http2/pool.ts';
import { type CarrierRoute, isLease } from './http2/carrier.ts';
import { planCarrier } from './http2/route.ts';
import { Http2Transport } from './http2/transport.ts';
import { checkFree, NodeTransport } from './node-transport.ts';
import { NODE_CLIENT_OPTIONS, type NodeClientOptions } from './options.ts';
import { parseTarget, targetOf } from './client/target.ts';
import { zlibCodec } from './zlib/codec.ts';

/**
 * Opens a connection. What goes wrong comes as `close`, with the reason in `info.error`.
 * Throws a SyntaxError for a bad URL, and a TypeError or RangeError for bad options.
 */
export function connect<Data = unknown>(
  url: string | URL,
  given: NodeClientOptions,
  handlers: Handlers<Data>,
): Socket<Data> {
  const options = checkOptions('connect', NODE_CLIENT_OPTIONS, given);
  checkHandlers('connect', handlers);
  const limits = resolveLimits(options);
  const target = parseTarget(url, options.socketPath);
  const route = planCarrier(target, options);
  tellStart();
  const now = nodeClock.now();
  const deadline = now + limits.handshakeTimeout;
  const { origin, subprotocols, requireSubprotocol, headers, maxRedirects = 0, compress } = options;
  const sameOrigin = target.socketPath !== undefined;
  const choices = { origin, subprotocols, requireSubprotocol, headers, maxRedirects: Number(maxRedirects), sameOrigin };
  const request = { url: target.url, ...choices };
  const { context, isContextShared } = currentContext();
  const socket: Socket<Data> = new Socket<Data>({
    context,
    isContextShared,
    setting: new SocketSetting({
      handlers,
      clock: nodeClock,
      resources,
      copier,
      observer: diagnostics,
      sendHighWater: resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER),
      sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
    }),
    connect: (sink) =>
      Connection.client(request, {
        limits,
        conduct: resolveConduct(options),
        compress,
        now,
        sink,
        resources,
        codec: zlibCodec(),
        trace: debugTrace(false),
      }),
    follow: (redirect) => redirectTarget(redirect, { deadline, options, socketPath: target.socketPath }, () => socket),
    url: target.href,
    remoteAddress: '',
    signal: options.signal,
  });
  diagnostics.onHandshake(socket);
  // Who has given up already asks nobody: no name is looked up, and no stream made.
  if (options.signal?.aborted !== true) dial(socket, route);
  return socket;
}

interface RedirectContext {
  /** When the opening handshake is to be over, however many places it leads to. */
  readonly deadline: number;
  readonly options: NodeClientOptions;
  readonly socketPath: string | undefined;
}

/** The next place that a redirect leads to, whose URL the core has taken apart. */
function redirectTarget(
  request: ClientRequest,
  { deadline, options, socketPath }: RedirectContext,
  socket: () => Socket<any>,
): RedirectTarget {
  const { url } = request as { url: string };
  const target = targetOf(url, url, socketPath);
  const now = nodeClock.now();
  // A session leads to one origin.
  const http2 = typeof options.http2 !== 'object' || options.http2 instanceof Http2Pool ? options.http2 : false;
  const handshakeTimeout = Math.max(deadline - now, Number.MIN_VALUE);
  const limits = resolveLimits({ ...options, handshakeTimeout });
  return {
    connect: (sink) =>
      Connection.client(request, {
        limits,
        conduct: resolveConduct(options),
        compress: options.compress,
        now,
        sink,
        resources,
        codec: zlibCodec(),
        trace: debugTrace(false),
      }),
    url,
    // What is wrong with the variable for another scheme is found only now, and ends this connection.
    dial: () => dial(socket(), async (pending) => planCarrier(target, { ...options, http2 })(pending)),
  };
}

/** Gives a socket its stream, or the reason why there is none. */
function dial(socket: Socket<any>, route: CarrierRoute): void {
  const pending = new PendingTransport();
  socket.dialing = pending;
  const handler = socket.transportHandler;
  let used: Duplex | undefined;
  socket.attach(pending, '');
  route(pending)
    .then((stream) => {
      if (isLease(stream)) {
        if (pending.isGivenUp) return stream.release();
        // The request as HTTP/1.1 would have it.
        pending.finish();
        pending.stage = 'the response';
        return socket.attach(Http2Transport.ofClient(stream, handler), stream.remoteAddress);
      }
      if (pending.isGivenUp) return;
      checkFree(stream);
      used = stream;
      checkAlive(stream);
      const transport = new NodeTransport(stream, handler);
      transport.write(pending.finish());
      socket.attach(transport, (stream as NetSocket).remoteAddress ?? '');
    })
    .catch((error: unknown) => {
      if (pending.isGivenUp) return;
      pending.abort();
      // The stream was there where its own methods are what has failed.
      if (used !== undefined) discard(used);
      socket.terminate(
        error instanceof HandshakeError
          ? error
          : new HandshakeError('could not connect', { cause: error, kind: 'connect' }),
      );
    });
}
