import type { Duplex } from 'node:stream';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import { Connection, type Limits, resolveLimit, resolveLimits, ServerPolicy } from '../../protocol/index.ts';
import { Admission } from '../admission.ts';
import { type Handlers, SEND_HIGH_WATER, SEND_LIMIT } from '../handlers.ts';
import { Socket } from '../socket.ts';
import { nodeClock } from './clock.ts';
import { diagnostics, frameTrace } from './diagnostics.ts';
import { workspace } from './environment.ts';
import { Http2Transport } from './http2-transport.ts';
import { NodeTransport } from './node-transport.ts';
import type { NodeUpgradeOptions } from './options.ts';
import { zlibCodec } from './zlib-codec.ts';

/** Makes server sockets of streams: what `serve`, `attach` and `upgrade` have in common. */
export class Acceptor<Data> {
  readonly admission: Admission;
  readonly #options: NodeUpgradeOptions;
  readonly #handlers: Handlers<Data>;
  readonly #policy: ServerPolicy;
  readonly #limits: Limits;
  readonly #secure: boolean;
  readonly #sendHighWater: number;
  readonly #sendLimit: number;

  /** Throws a TypeError or RangeError for bad options. */
  constructor(
    options: NodeUpgradeOptions,
    handlers: Handlers<Data>,
    secure: boolean,
    admission: Admission = new Admission(options),
  ) {
    this.#limits = resolveLimits(options);
    this.admission = admission;
    this.#options = options;
    this.#handlers = handlers;
    this.#secure = secure;
    this.#policy = new ServerPolicy({ ...options, secure });
    this.#sendHighWater = resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER);
    this.#sendLimit = resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT);
  }

  /** A socket over a stream, with an opening handshake before it, whose deadline runs from `since` on. */
  accept(stream: Duplex, since = nodeClock.now()): Socket<Data> {
    const socket = this.#socket((stream as NetSocket).remoteAddress, since);
    socket.attach(new NodeTransport(stream, socket.transportHandler));
    return socket;
  }

  /** A socket over a stream of HTTP/2, whose request has these fields. */
  acceptStream(stream: ServerHttp2Stream, fields: readonly string[]): Socket<Data> {
    const socket = this.#socket(stream.session?.socket.remoteAddress, nodeClock.now());
    socket.attach(Http2Transport.ofServer(stream, socket.transportHandler));
    socket.receiveFields(fields, stream.endAfterHeaders);
    return socket;
  }

  #socket(remoteAddress = '', since: number): Socket<Data> {
    return new Socket<Data>({
      handlers: this.#handlers,
      clock: nodeClock,
      workspace,
      connect: (sink) =>
        Connection.server({
          limits: this.#limits,
          compress: this.#options.compress,
          policy: this.#policy,
          now: since,
          sink,
          workspace,
          codec: zlibCodec(),
          trace: frameTrace(true),
        }),
      observer: diagnostics,
      admission: this.admission,
      url: this.#secure ? 'wss://' : 'ws://',
      remoteAddress,
      sendHighWater: this.#sendHighWater,
      sendLimit: this.#sendLimit,
    });
  }
}
