import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type CompressOptions,
  type Conduct,
  Connection,
  establishDeflate,
  type Limits,
  type ResponseHead,
  type UpgradeRequest,
} from '../../protocol/index.ts';
import {
  checkOptions,
  COMPRESS,
  OBJECT,
  oneOf,
  type OptionTable,
  resolveConduct,
  resolveLimit,
  resolveLimits,
  STRING,
  toBytes,
} from '../../protocol/internal.ts';
import type { Handlers } from '../socket/socket.ts';
import { checkHandlers } from '../socket/handlers.ts';
import { type AddressSource, type Copier, SocketSetting } from '../socket/socket-parts.ts';
import { SEND_HIGH_WATER, SEND_LIMIT, type SocketOptions, SOCKET_OPTIONS } from '../socket/options.ts';
import { Socket } from '../socket/socket.ts';
import { beforeData } from './before-data.ts';
import { nodeClock } from './clock.ts';
import { diagnostics, debugTrace, tellStart } from './diagnostics.ts';
import { currentContext } from './internals/async-context.ts';
import { peerAddress } from './internals/peer-address.ts';
import { copier, resources } from './internals/resources.ts';
import { checkUnread, NodeTransport } from './node-transport.ts';
import { zlibCodec } from './zlib/codec.ts';

/** What is known of a connection that something else has opened. */
export interface AdoptedOpening {
  /** Which side of it this is. */
  role: 'client' | 'server';
  /** The subprotocol that was selected. Default: none. */
  subprotocol?: string;
  /** The value of Sec-WebSocket-Extensions in the response: permessage-deflate, or nothing. Default: none. */
  extensions?: string;
  /** How messages are compressed where that says so: the window sizes are those that were agreed on. */
  compress?: boolean | CompressOptions;
  /** What `socket.url` is to be. Default: an empty string. */
  url?: string;
  /** The opening handshake's request and response, for `socket.request` and `socket.response`. */
  request?: UpgradeRequest;
  /** The response of the opening handshake, where there was one. */
  response?: ResponseHead;
}

/** What `adopt` takes: those options of `connect` and `serve` that are about an open connection. */
export type AdoptOptions = Omit<SocketOptions, 'subprotocols' | 'headers' | 'handshakeTimeout'>;

const OPENING: OptionTable<AdoptedOpening> = {
  role: oneOf('client', 'server'),
  subprotocol: STRING,
  extensions: STRING,
  compress: COMPRESS,
  url: STRING,
  request: OBJECT,
  response: OBJECT,
};

const { subprotocols: _subprotocols, headers: _headers, handshakeTimeout: _timeout, ...ADOPT_OPTIONS } = SOCKET_OPTIONS;

/**
 * Takes over a connection that something else has opened, an HTTP library's client or server say: `stream` is the
 * connection's from here on, and `head` what came behind the response or the request. No handler is called before this has
 * returned: `open` is the first, at the end of this turn.
 *
 * Throws a TypeError or RangeError for bad options, and for extensions that can't have been agreed on, and an InvalidStateError
 * for a stream that carries a connection already, or that somebody else reads (a listener for 'readable').
 */
export function adopt<Data = unknown>(
  stream: Duplex,
  head: Uint8Array,
  opening: AdoptedOpening,
  options: AdoptOptions,
  handlers: Handlers<Data>,
): Socket<Data> {
  return new Adopter<Data>(options, handlers).adopt(stream, head, opening);
}

/** What a face with an API of its own does otherwise than `adopt`. */
export interface FaceParts {
  /** What messages that are lent are kept by. */
  copier: Copier;
}

/** `adopt` for many connections with the same options and handlers, which are looked at once. */
export class Adopter<Data = unknown> {
  readonly #setting: SocketSetting;
  readonly #limits: Limits;
  readonly #conduct: Conduct;
  /** Whether it is a face's. */
  readonly #isFace: boolean;

  /** Throws a TypeError or RangeError for bad options. */
  constructor(given: AdoptOptions, handlers: Handlers<Data>);
  /** @internal */
  constructor(given: AdoptOptions, handlers: Handlers<Data>, face?: FaceParts);
  constructor(given: AdoptOptions, handlers: Handlers<Data>, face?: FaceParts) {
    const options = checkOptions<AdoptOptions>('adopt', ADOPT_OPTIONS, given);
    checkHandlers('adopt', handlers);
    this.#limits = resolveLimits(options);
    this.#conduct = resolveConduct(options);
    this.#setting = new SocketSetting({
      handlers,
      clock: nodeClock,
      resources,
      copier: face?.copier ?? copier,
      observer: diagnostics,
      sendHighWater: resolveLimit('sendHighWater', options.sendHighWater, SEND_HIGH_WATER),
      sendLimit: resolveLimit('sendLimit', options.sendLimit, SEND_LIMIT),
    });
    this.#isFace = face !== undefined;
  }

  /** As `adopt`. */
  adopt(stream: Duplex, head: Uint8Array, given: AdoptedOpening): Socket<Data> {
    const opening = checkOptions('adopt', OPENING, given);
    const early = toBytes(head);
    checkUnread(stream);
    const { role, subprotocol, extensions = '', compress, url = '', request, response } = opening;
    const deflate = establishDeflate(role, extensions, typeof compress === 'object' ? compress : {}, zlibCodec());
    tellStart();
    const trace = debugTrace(role === 'server');
    const { context, isContextShared } = currentContext();
    const socket = new Socket<Data>({
      context,
      isContextShared,
      setting: this.#setting,
      connect: (sink) =>
        Connection.established(role, {
          limits: this.#limits,
          conduct: this.#conduct,
          now: nodeClock.now(),
          sink,
          resources,
          trace,
          deflate,
          subprotocol,
          extensions,
          request,
          response,
        }),
      url,
      // Whoever asks a face asks the stream: what it would keep here is for nobody.
      remoteAddress: this.#isFace ? (stream as AddressSource) : peerAddress(stream),
    });
    prepare(stream);
    // What the stream brings comes behind the head.
    const ready = beforeData(stream, () => socket.begin(early, stream));
    socket.attach(new NodeTransport(stream, socket.transportHandler));
    ready(); // a stream that throws already never is
    return socket;
  }
}

/** What came before has set these its own way. */
function prepare(stream: Duplex): void {
  stream.allowHalfOpen = true;
  (stream as NetSocket).setTimeout?.(0);
  (stream as NetSocket).setNoDelay?.(true);
}
