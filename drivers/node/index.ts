/** The event-style Node driver. */
export { adopt, Adopter, type AdoptedOpening, type AdoptOptions } from './adopt.ts';
export {
  broadcast,
  type BroadcastOptions,
  type ListenerBroadcast,
  type ListenerBroadcastOptions,
} from '../socket/broadcast.ts';
export { connect } from './connect.ts';
export type {
  BackpressureMessage,
  ClientHandshakeMessage,
  CloseMessage,
  DropMessage,
  ErrorMessage,
  FrameMessage,
  MessageMessage,
  PongMessage,
  RefusedMessage,
  SocketMessage,
  StartMessage,
} from './diagnostics.ts';
export type { TracedFrame } from '../../protocol/index.ts';
export type { Guarded } from '../socket/guard.ts';
export type { DropReason } from '../socket/observer.ts';
export { toDuplex, type MessageSocket, type ToDuplexOptions } from './duplex.ts';
export { Http2Pool, type Http2PoolOptions } from './http2/pool.ts';
export { serve } from './serve.ts';
export type { NodeListener } from './listener.ts';
export type { ServerCloseOptions } from '../socket/graceful-close.ts';
export {
  acceptUpgrade,
  attach,
  createAcceptor,
  isUpgrade,
  type AcceptorOptions,
  type AttachOptions,
  type UpgradeAcceptor,
} from './upgrade.ts';
export type { Http2ServerOptions } from './http2/settings.ts';
export type { AgentLike, ConnectTarget, RouteOptions } from './client/route-options.ts';
export type { NodeClientOptions, NodeServerOptions, NodeUpgradeOptions } from './options.ts';
export { type Handlers, Socket } from '../socket/socket.ts';
export type { ControlOptions, FragmentOptions, SendOptions } from '../socket/send-options.ts';
export type { OnSent } from '../socket/departures.ts';
export type { SlowConsumerOptions } from '../socket/slow-consumers.ts';
export type { NodeAuthorizeContext } from './server/peer.ts';
export type { Clock, Sleeper, Wake } from '../clock.ts';
export type { BareListener, ListenAddress, Listener } from '../driver.ts';
export type { Acceptance, AuthorizeContext, Decision, HttpResponse, Peer, RefusalReason } from '../socket/decision.ts';
export type { SocketHandlers, SocketState } from '../socket/handlers.ts';
export type { ClientOptions, Paths, ServerOptions, SocketOptions, WithContext } from '../socket/options.ts';
export type { Transport, TransportHandler } from '../transport.ts';
export { PreparedMessage } from '../../protocol/index.ts';
export * from '../socket/core-exports.ts';
