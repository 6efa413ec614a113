import type { Duplex } from 'node:stream';
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import { type Conduct, Connection, type Limits } from '../../../protocol/index.ts';
import { makeDeflate, resolveConduct, resolveLimit, resolveLimits, ServerPolicy } from '../../../protocol/internal.ts';
import { AdmissionControl } from '../../socket/admission-control.ts';
import { guard, NOBODY } from '../../socket/guard.ts';
import type { Handlers } from '../../socket/socket.ts';
import { SEND_HIGH_WATER, SEND_LIMIT } from '../../socket/options.ts';
import { Socket } from '../../socket/socket.ts';
import { SocketSetting } from '../../socket/socket-parts.ts';
import type { TransportHandler } from '../../transport.ts';
import { beforeData } from '../before-data.ts';
import { nextTick, nodeClock } from '../clock.ts';
import { diagnostics, debugTrace, tellStart } from '../diagnostics.ts';
import { type CurrentContext, currentContext } from '../internals/async-context.ts';
import { peerAddress } from '../internals/peer-address.ts';
import { copier, resources } from '../internals/resources.ts';
import { Http2Transport } from '../http2/transport.ts';
import { NodeTransport } from '../node-transport.ts';
import type { NodeUpgradeOptions } from '../options.ts';
import { zlibCodec } from '../zlib/codec.ts';
import { NodePeer } from './peer.ts';

/** Makes server sockets of streams: what `serve`, `attach` and `upgrade` have in common. */
export class Acceptor<Data> {
  readonly admission: AdmissionControl;
  readonly #options: NodeUpgradeOptions;
  readonly #setting: SocketSetting;
  readonly #policy: ServerPolicy;
  readonly #limits: Limits;
  readonly #conduct: Conduct;
  readonly #secure: boolean;

  /**
   * `answersFirst` has the answer to a request written before `open` is called. Throws a TypeError or RangeError for bad
   * options.
   */
  constructor(
    options: NodeUpgradeOptions,
    handlers: Handlers<Data>,
    secure: boolean,
    admission: AdmissionControl = new AdmissionControl(options),
    answersFirst = false,
  ) {
    tellStart();
    this.#limits = resolveLimits(options);
    makeDeflate(true, { compress: options.compress, codec: zlibCodec() });
    this.admission = admission;
    this.#options = options;
    this.#secure = secure;
    this.#conduct = resolveConduct(options);
    this.#policy = new ServerPolicy({ ...options, secure });
    this.#setting = new SocketSetting({
      handlers,
      clock: nodeClock,
      resources,
      copier,
      answersFirst,
      observer: diagnostics,
      admission,
      sendHighWater: resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER),
      sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
    });
  }

  /**
   * A socket over a stream, with an opening handshake before it, whose deadline runs from `since` on. Its callbacks run in
   * `context`: the present one.
   */
  accept(
    stream: Duplex,
    since = nodeClock.now(),
    incoming?: IncomingMessage,
    context = currentContext(),
  ): Socket<Data> {
    const socket = this.#socket(peerAddress(stream), since, this.#peer(stream, incoming), context);
    const pump = socket.transportHandler;
    try {
      socket.attach(new NodeTransport(stream, pump));
    } catch (error) {
      fail(stream, pump, error);
    }
    tellIfGone(stream, socket);
    return socket;
  }

  /** A socket over a stream of HTTP/2, whose request has these fields. */
  acceptStream(stream: ServerHttp2Stream, fields: readonly string[], incoming?: Http2ServerRequest): Socket<Data> {
    const socket = this.#ofStream(stream, incoming);
    if (!stream.destroyed) socket.receiveFields(fields, stream.endAfterHeaders);
    return socket;
  }

  /** The same, but that nothing is made of the request before this has returned. */
  acceptStreamLater(stream: ServerHttp2Stream, fields: readonly string[], incoming?: Http2ServerRequest): Socket<Data> {
    // What the stream brings comes behind the fields.
    const ready = beforeData(stream, () => {
      if (!stream.destroyed && socket.state === 'connecting') socket.receiveFields(fields, stream.endAfterHeaders);
    });
    const socket = this.#ofStream(stream, incoming);
    ready();
    return socket;
  }

  #ofStream(stream: ServerHttp2Stream, incoming: Http2ServerRequest | undefined): Socket<Data> {
    const address = stream.session?.socket.remoteAddress;
    const socket = this.#socket(address, nodeClock.now(), this.#peer(stream, incoming), currentContext());
    socket.attach(Http2Transport.ofServer(stream, socket.transportHandler));
    tellIfGone(stream, socket);
    return socket;
  }

  #peer(stream: Duplex, incoming: IncomingMessage | Http2ServerRequest | undefined): NodePeer | undefined {
    return this.admission.authorize === undefined ? undefined : new NodePeer(stream, incoming);
  }

  #socket(
    remoteAddress = '',
    since: number,
    peer: NodePeer | undefined,
    { context, isContextShared }: CurrentContext,
  ): Socket<Data> {
    return new Socket<Data>({
      context,
      isContextShared,
      setting: this.#setting,
      connect: (sink) =>
        Connection.server({
          limits: this.#limits,
          conduct: this.#conduct,
          compress: this.#options.compress,
          policy: this.#policy,
          now: since,
          sink,
          resources,
          codec: zlibCodec(),
          trace: debugTrace(true),
        }),
      peer,
      url: this.#secure ? 'wss://' : 'ws://',
      remoteAddress,
    });
  }
}

/** A stream whose own methods throw carries no connection. */
function fail(stream: Duplex, pump: TransportHandler, error: unknown): void {
  guard(NOBODY, () => {
    pump.failed?.(error);
    stream.destroy();
  });
}

/** A stream that has closed before it got here tells nobody any more. */
function tellIfGone(stream: Duplex, socket: Socket<any>): void {
  if (stream.closed) nextTick(() => socket.transportHandler.onLost(stream.errored ?? undefined));
}
