/** The event-style Node driver. */
export { broadcast, type BroadcastOptions } from './broadcast.ts';
export { connect } from './connect.ts';
export type { CloseMessage, ErrorMessage, MessageMessage, SocketMessage } from './diagnostics.ts';
export { toDuplex, type MessageSocket, type ToDuplexOptions } from './duplex.ts';
export { Http2Pool, type Http2PoolOptions } from './http2-pool.ts';
export { serve, type NodeListener } from './serve.ts';
export { acceptUpgrade, attach, isUpgrade, type AttachOptions } from './upgrade.ts';
export type { ConnectTarget, NodeClientOptions, NodeServerOptions, NodeUpgradeOptions } from './options.ts';
export { Socket, type SendOptions, type SocketState } from '../socket.ts';
export type { SlowConsumerOptions } from '../slow-consumers.ts';
export type { Clock, Wake } from '../clock.ts';
export type {
  Acceptance,
  ClientOptions,
  Decision,
  Handlers,
  HttpResponse,
  ListenAddress,
  Listener,
  ServerOptions,
  SocketOptions,
} from '../handlers.ts';
export type { Transport, TransportHandler } from '../transport.ts';
export { NodeTransport } from './node-transport.ts';
export { PreparedMessage } from '../../protocol/index.ts';
export * from '../vocabulary.ts';
