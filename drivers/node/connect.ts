import type { Socket as NetSocket } from 'node:net';
import { type ClientRequest, Connection, HandshakeError, resolveLimit, resolveLimits } from '../../protocol/index.ts';
import { type Handlers, SEND_HIGH_WATER, SEND_LIMIT } from '../handlers.ts';
import { Socket, type Hop } from '../socket.ts';
import { nodeClock } from './clock.ts';
import { diagnostics, frameTrace } from './diagnostics.ts';
import { Dialing } from './dialing.ts';
import { workspace } from './environment.ts';
import { Http2Pool } from './http2-pool.ts';
import { type CarrierRoute, isLease, planCarrier } from './http2-route.ts';
import { Http2Transport } from './http2-transport.ts';
import { NodeTransport } from './node-transport.ts';
import type { NodeClientOptions } from './options.ts';
import { parseTarget, targetOf } from './target.ts';
import { zlibCodec } from './zlib-codec.ts';

/**
 * Opens a connection. What goes wrong comes as `close`, with the reason in `info.error`.
 * Throws a SyntaxError for a bad URL, and a TypeError or RangeError for bad options.
 */
export function connect<Data = unknown>(
  url: string | URL,
  options: NodeClientOptions,
  handlers: Handlers<Data>,
): Socket<Data> {
  const target = parseTarget(url, options.socketPath);
  const route = planCarrier(target, options);
  const now = nodeClock.now();
  const deadline = now + resolveLimits(options).handshakeTimeout;
  const request = { ...options, url: target.url, sameOrigin: target.socketPath !== undefined };
  const socket: Socket<Data> = new Socket<Data>({
    handlers,
    clock: nodeClock,
    workspace,
    connect: (sink) =>
      Connection.client(request, { ...options, now, sink, workspace, codec: zlibCodec(), trace: frameTrace(false) }),
    follow: (redirect) => hop(redirect, { deadline, options, socketPath: target.socketPath }, () => socket),
    observer: diagnostics,
    url: target.href,
    remoteAddress: '',
    sendHighWater: resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER),
    sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
    signal: options.signal,
  });
  dial(socket, route);
  return socket;
}

interface Journey {
  /** When the opening handshake is to be over, however many places it leads to. */
  readonly deadline: number;
  readonly options: NodeClientOptions;
  readonly socketPath: string | undefined;
}

/** The next place that a redirect leads to. Nothing in here throws: the URL is one that the core has taken apart. */
function hop(request: ClientRequest, { deadline, options, socketPath }: Journey, socket: () => Socket<any>): Hop {
  const { url } = request as { url: string };
  const target = targetOf(url, url, socketPath);
  const now = nodeClock.now();
  // A session leads to one origin.
  const http2 = typeof options.http2 !== 'object' || options.http2 instanceof Http2Pool ? options.http2 : false;
  const handshakeTimeout = Math.max(deadline - now, Number.MIN_VALUE);
  return {
    connect: (sink) =>
      Connection.client(request, {
        ...options,
        handshakeTimeout,
        now,
        sink,
        workspace,
        codec: zlibCodec(),
        trace: frameTrace(false),
      }),
    url,
    // What is wrong with the variable for another scheme is found only now, and ends this connection.
    dial: () => dial(socket(), async (dialing) => planCarrier(target, { ...options, http2 })(dialing)),
  };
}

/** Gives a socket its stream, or the reason why there is none. */
function dial(socket: Socket<any>, route: CarrierRoute): void {
  const dialing = new Dialing();
  const handler = socket.transportHandler;
  socket.attach(dialing, '');
  route(dialing).then(
    (stream) => {
      if (isLease(stream)) {
        if (dialing.isGivenUp) return stream.release();
        // The request as HTTP/1.1 would have it.
        dialing.finish();
        return socket.attach(Http2Transport.ofClient(stream, handler), stream.remoteAddress);
      }
      if (dialing.isGivenUp) return;
      const transport = new NodeTransport(stream, handler);
      transport.write(dialing.finish());
      socket.attach(transport, (stream as NetSocket).remoteAddress ?? '');
    },
    (error: unknown) => {
      if (dialing.isGivenUp) return;
      dialing.abort();
      socket.terminate(
        error instanceof HandshakeError ? error : new HandshakeError('could not connect', { cause: error }),
      );
    },
  );
}
