/** The in-memory network: the same API as `sansocket`, without sockets, and with a virtual clock. */
import {
  createListen,
  createOpen,
  type Listen,
  type ReconnectingOpen,
  Session,
  withReconnecting,
} from '../promise/index.ts';
import { NetworkDriver } from './network.ts';
import type { NetworkOptions, PipeClientOptions, PipeServerOptions } from './options.ts';
import type { Socket } from '../socket/socket.ts';
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
    this.open = withReconnecting(createOpen(this), this, this.clock, () => random.fraction());
    this.listen = createListen(this);
  }

  /** @internal */
  override describeWaits(sockets: readonly Socket<any>[]): string | undefined {
    const waits: Record<string, readonly Socket<any>[]> = {
      open: sockets.filter(({ state }) => state === 'connecting'),
      close: sockets.filter(({ state }) => state === 'closing'),
      send: sockets.filter(({ data }) => data instanceof Session && data.isSending),
      ping: sockets.filter(({ data }) => data instanceof Session && data.isPinging),
      receive: sockets.filter(({ data }) => data instanceof Session && data.inbox.waiting > 0),
      closed: sockets.filter(({ data }) => data instanceof Session && data.isAwaited),
    };
    const [call, those] = Object.entries(waits).find(([, those]) => those.length > 0) ?? [];
    if (those === undefined) return undefined;
    return those.length === 1 ? `one ${call} waits, on ${those[0]!.url}` : `${those.length} clients wait in ${call}`;
  }
}

/** Makes a network. Throws a TypeError or RangeError for bad options. */
export function createNetwork(options?: NetworkOptions): Network {
  return new Network(options);
}

/** The network that this module's own `open` and `listen` are on. */
export const network: Network = /* @__PURE__ */ createNetwork();
/** Opens a connection on this module's own network, as `open` of `sansocket` does over sockets. */
export const open: ReconnectingOpen<PipeClientOptions> = /* @__PURE__ */ network.open;
/** Listens on this module's own network, as `listen` of `sansocket` does on a port. */
export const listen: Listen<PipeServerOptions> = /* @__PURE__ */ network.listen;

export { NetworkDriver } from './network.ts';
export type { Cut } from './cut.ts';
export { Link, type LinkDirection, type LinkInit } from './link.ts';
export { PipeError, type PipeErrorCode, type TransportEnd } from './link-end.ts';
export type { PipeListener } from './listener.ts';
export type { Fault, OneWayOptions, LinkOptions } from './link-options.ts';
export type { NetworkOptions, PipeClientOptions, PipeServerOptions } from './options.ts';
export { SeededRandom } from './random.ts';
export type { Trace, TraceEntry, TraceEvent } from './trace.ts';
export { VirtualClock } from './virtual-clock.ts';
export type { VirtualClockOptions } from './virtual-clock.ts';
export type { NextTurn } from './next-turn.ts';
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
} from '../promise/index.ts';
export { type Handlers, Socket } from '../socket/socket.ts';
export type { ControlOptions, FragmentOptions, SendOptions as SocketSendOptions } from '../socket/send-options.ts';
export type { ListenerBroadcast, ListenerBroadcastOptions } from '../socket/broadcast.ts';
export type { ListenerBase } from '../socket/listener.ts';
export type { OnSent } from '../socket/departures.ts';
export type { BareListener, Driver, ListenAddress, Listener } from '../driver.ts';
export type { Acceptance, AuthorizeContext, Decision, HttpResponse, Peer, RefusalReason } from '../socket/decision.ts';
export type { SocketHandlers, SocketState } from '../socket/handlers.ts';
export type { ClientOptions, Paths, ServerOptions, SocketOptions, WithContext } from '../socket/options.ts';
export type { Clock, Sleeper, Wake } from '../clock.ts';
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
export * from '../socket/core-exports.ts';
