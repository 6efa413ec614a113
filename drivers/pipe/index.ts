/** The in-memory network: the same API as `sansocket`, without sockets, and with a virtual clock. */
import { createListen, createOpen, type Listen, type ReconnectingOpen, withReconnecting } from '../promise/index.ts';
import type { LinkDirection as LinkDirectionClass } from './link.ts';
import type { PipeListener as PipeListenerClass } from './listener.ts';
import { NetworkDriver } from './network.ts';
import type { NetworkOptions, PipeClientOptions, PipeServerOptions } from './options.ts';
import { SeededRandom } from './random.ts';

/** A network of one's own, with both faces: `open` and `listen`, and the event-style `connect` and `serve`. */
export class Network extends NetworkDriver {
  /** The promise API's `open`, over this network. */
  readonly open: ReconnectingOpen<PipeClientOptions>;
  /** The promise API's `listen`, over this network. */
  readonly listen: Listen<PipeServerOptions>;

  /** Throws a TypeError or RangeError for bad options. */
  constructor(options?: NetworkOptions) {
    super(options);
    const random = new SeededRandom(this.seed).fork(-1);
    this.open = withReconnecting(createOpen(this), this.clock, () => random.fraction());
    this.listen = createListen(this);
  }
}

/** Makes a network. Throws a TypeError or RangeError for bad options. */
export function createNetwork(options?: NetworkOptions): Network {
  return new Network(options);
}

/** The network that this module's own `open` and `listen` are on. */
export const network: Network = /* @__PURE__ */ createNetwork();
export const open: ReconnectingOpen<PipeClientOptions> = /* @__PURE__ */ network.open;
export const listen: Listen<PipeServerOptions> = /* @__PURE__ */ network.listen;

// Aliases, because the bundler of the types drops the `type` of an `export type { Class }` and would declare a value.
/** What a network's `serve` resolves to. */
export type PipeListener = PipeListenerClass;
/** One direction of a link. */
export type LinkDirection = LinkDirectionClass;

export { NetworkDriver } from './network.ts';
export type { Cut } from './cut.ts';
export { Link, type LinkInit } from './link.ts';
export { PipeError, type PipeErrorCode, type TransportEnd } from './link-end.ts';
export type {
  Fault,
  LaneOptions,
  LinkOptions,
  NetworkOptions,
  PipeClientOptions,
  PipeServerOptions,
} from './options.ts';
export { SeededRandom } from './random.ts';
export type { Trace, TraceEntry, TraceEvent } from './trace.ts';
export { VirtualClock } from './virtual-clock.ts';
export type { VirtualClockOptions } from './virtual-clock.ts';
export type { Turn } from './turn.ts';
export { broadcast, Server, toStreams, WebSocket } from '../promise/index.ts';
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
} from '../promise/index.ts';
export { Socket, type SendOptions as SocketSendOptions, type SocketState } from '../socket.ts';
export type {
  Acceptance,
  ClientOptions,
  Decision,
  Driver,
  Handlers,
  HttpResponse,
  ListenAddress,
  Listener,
  ServerOptions,
  SocketOptions,
} from '../handlers.ts';
export type { Clock, Wake } from '../clock.ts';
export type { Transport, TransportHandler } from '../transport.ts';
export { PreparedMessage } from '../../protocol/index.ts';
export type {
  DeflateCodec,
  Deflater,
  DeflaterParams,
  InflateFault,
  Inflater,
  InflaterParams,
} from '../../protocol/index.ts';
export * from '../vocabulary.ts';
